"""The one module that knows Pyodide and the host's functions. It turns them into a `Host`, and
offers the host what it may call: configure, load, serve, and the three buffers.
"""

import json

import _wasgi_host  # pyright: ignore[reportMissingImports]
from pyodide.ffi import can_run_sync, run_sync, to_js  # pyright: ignore[reportMissingImports]

from . import process, supplements
from .handler import Gateway
from .host import WARN
from .loader import LoadError, Target
from .loader import load as load_target
from .log_streams import LogStream

# Their addresses are the host's for good: a bytearray that is never resized never moves.
request_buffer = bytearray(256 * 1024)
response_buffer = bytearray(64 * 1024)
input_buffer = bytearray(64 * 1024)
_pinned = (memoryview(request_buffer), memoryview(response_buffer), memoryview(input_buffer))


class GuestHost:
    """The host as the gateway sees it: promises awaited, bytes converted, failures made plain."""

    def __init__(self) -> None:
        self.request_buffer = request_buffer
        self.response_buffer = response_buffer
        self.input_buffer = input_buffer
        self.send = _wasgi_host.send
        self.wake = _wasgi_host.wake
        self.flock = _wasgi_host.flock
        self._log = _wasgi_host.log
        self._drain = _wasgi_host.drain
        self._pull = _wasgi_host.pull
        self._suspend = _wasgi_host.suspend
        self._pbkdf2 = _wasgi_host.pbkdf2
        self._scrypt = _wasgi_host.scrypt

    def log(self, level: int, stream: str, text: str) -> None:
        try:
            self._log(level, stream, text)
        except Exception:
            # A log that cannot be written must not change what the application does.
            pass

    def drain(self) -> int:
        return _awaited(self._drain)

    def pull(self) -> int:
        return _awaited(self._pull)

    def suspend(self, ms: float) -> int:
        return _awaited(self._suspend, ms)

    def pbkdf2(
        self, digest: str, password: bytes, salt: bytes, iterations: int, dklen: int
    ) -> bytes | int:
        return _bytes(self._pbkdf2(digest, to_js(password), to_js(salt), iterations, dklen))

    def scrypt(
        self, password: bytes, salt: bytes, n: int, r: int, p: int, maxmem: int, dklen: int
    ) -> bytes | int:
        return _bytes(self._scrypt(to_js(password), to_js(salt), n, r, p, maxmem, dklen))


def _awaited(function, *args):  # noqa: ANN001, ANN002, ANN202
    if not can_run_sync():
        raise RuntimeError(
            'Python cannot wait here: it was entered by a call that may not be suspended'
        )
    return run_sync(function(*args))


def _bytes(answer) -> bytes | int:  # noqa: ANN001
    return answer if isinstance(answer, int) else answer.to_bytes()


_host = GuestHost()
_stdout, _stderr = process.open_streams(_host)
_gateway = Gateway(_host, (_stdout, _stderr), LogStream(_host, WARN, 'wsgi.errors'))

serve = _gateway.serve
"""Answer the request in `request_buffer`; see handler.py for the outcomes."""


def configure(json_text: str) -> None:
    """Give the process what the host decided: environment, module path, identity."""
    settings = json.loads(json_text)
    process.set_environment(settings['env'])
    process.set_path(settings['sys_path'], supplements.PATH)
    process.set_arguments()
    supplements.install(_host)
    _gateway.configure(settings['multiprocess'], settings['worker'])


def load(json_text: str) -> str:
    """Import the application. Answers with its name, or with the error for the host's table."""
    target = Target(**json.loads(json_text))
    _gateway.leave_event_loop()
    try:
        found = load_target(target)
    except LoadError as error:
        answer = {
            'ok': False,
            'code': error.code,
            'args': error.arguments,
            'traceback': error.traceback,
        }
    else:
        _gateway.mount(found.application)
        answer = {'ok': True, 'callable': found.label}
    _gateway.flush()
    return json.dumps(answer)
