"""The one module that knows Pyodide and the host's functions. It turns them into a `Host`, and
offers the host what it may call: configure, load, serve, what a capture needs, and the buffers.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import _wasgi_host  # pyright: ignore[reportMissingImports]
import pyodide.ffi  # pyright: ignore[reportMissingImports]
from _pyodide_core import js2py_default  # pyright: ignore[reportMissingImports]
from pyodide.ffi import (  # pyright: ignore[reportMissingImports]
    JsException,
    JsProxy,
    can_run_sync,
    run_sync,
    to_js,
)

from . import capture, identity, origins, process, supplements, timeouts, variables
from .events import EVENTS
from .handler import Gateway
from .hook_loader import load as load_hooks
from .host import TIMED_OUT, WARN
from .loader import LoadError, Target
from .loader import load as load_target
from .log_streams import LogStream
from .tracebacks import text_of

# Their addresses are the host's for good: a bytearray that is never resized never moves.
request_buffer = bytearray(256 * 1024)
response_buffer = bytearray(64 * 1024)
input_buffer = bytearray(64 * 1024)
_pinned = (memoryview(request_buffer), memoryview(response_buffer), memoryview(input_buffer))


class _Unconverted:
    """An annotation: leave what a function returns as it is. Pyodide makes a promise a future of
    the running event loop, which cannot run while it waits for that very promise."""

    js2py = js2py_default


def _unwrapped(*_args: Any) -> _Unconverted: ...


class _Answer:
    """As much of a future as run_sync needs. Settled by the promise, with no event loop between."""

    _asyncio_future_blocking = False  # what asyncio.isfuture looks for

    __slots__ = ("_callback", "_error", "_settled", "_value")

    def __init__(self) -> None:
        self._callback: Callable[[_Answer], object] | None = None
        self._settled = False
        self._error: Exception | None = None
        self._value = 0

    def __await__(self) -> Any:
        raise RuntimeError("an answer of the host is not for coroutines")

    def add_done_callback(self, callback: Callable[["_Answer"], object]) -> None:
        if self._settled:
            callback(self)
        else:
            self._callback = callback

    def result(self) -> int:
        if self._error is not None:
            raise self._error
        return self._value

    def settle(self, value: int) -> None:
        self._value = value
        self._settled = True
        if self._callback is not None:
            self._callback(self)

    def fail(self, error: Exception) -> None:
        self._error = error
        self.settle(0)


def _awaited(function: Any, *args: float) -> int:
    """Call `function` and wait for its promise; it may also answer at once, with a number."""
    promise = function(*args)
    if isinstance(promise, int):
        return promise
    if not can_run_sync():
        raise RuntimeError(
            "Python cannot wait here: it was entered by a call that may not be suspended"
        )
    answer = _Answer()
    promise.then(answer.settle, answer.fail)
    value = run_sync(answer)
    if value == TIMED_OUT:
        raise timeouts.RequestTimeout
    return value


def _run_sync(awaitable: Any, /) -> Any:
    """Pyodide's run_sync, for the application: a wait of its own that takes too long ends, too."""
    try:
        return run_sync(awaitable)
    except JsException:
        if _host.timed_out():
            raise timeouts.RequestTimeout from None
        raise


def _bytes(answer: Any) -> bytes | int:
    return answer if isinstance(answer, int) else answer.to_bytes()


class GuestHost:
    """The host as the gateway sees it: promises awaited, bytes converted, failures made plain."""

    def __init__(self) -> None:
        self.request_buffer = request_buffer
        self.response_buffer = response_buffer
        self.input_buffer = input_buffer
        self.send = _wasgi_host.send
        self.wake = _wasgi_host.wake
        self.timed_out = _wasgi_host.timed_out
        self.flock = _wasgi_host.flock
        self.memory_bytes = _wasgi_host.memory_bytes
        self.processor_time = _wasgi_host.processor_time
        self._log = _wasgi_host.log
        self._drain = _wasgi_host.drain.bind_sig(_unwrapped)
        self._pull = _wasgi_host.pull.bind_sig(_unwrapped)
        self._suspend = _wasgi_host.suspend.bind_sig(_unwrapped)
        self._pbkdf2 = _wasgi_host.pbkdf2
        self._scrypt = _wasgi_host.scrypt

    def log(self, level: int, stream: str, text: str) -> None:
        """See Host."""
        try:
            self._log(level, stream, text)
        except Exception:
            # A log that cannot be written must not change what the application does.
            pass

    def drain(self) -> int:
        """See Host."""
        return _awaited(self._drain)

    def pull(self) -> int:
        """See Host."""
        return _awaited(self._pull)

    def suspend(self, ms: float) -> int:
        """See Host."""
        return _awaited(self._suspend, ms)

    def pbkdf2(
        self, digest: str, password: bytes, salt: bytes, iterations: int, dklen: int
    ) -> bytes | int:
        """See Host."""
        return _bytes(self._pbkdf2(digest, to_js(password), to_js(salt), iterations, dklen))

    def scrypt(
        self, password: bytes, salt: bytes, n: int, r: int, p: int, maxmem: int, dklen: int
    ) -> bytes | int:
        """See Host."""
        return _bytes(self._scrypt(to_js(password), to_js(salt), n, r, p, maxmem, dklen))


_host = GuestHost()
EVENTS.host = _host
_gateway = Gateway(_host, LogStream(_host, WARN, "wsgi.errors"))

serve = _gateway.serve
"""Answer the request in `request_buffer`; see handler.py for the outcomes."""


def configure(json_text: str) -> None:
    """Give the process what the host decided: environment, module path, identity."""
    settings = json.loads(json_text)
    _configure(settings)
    if settings["adopted"]:
        _join(settings)
        return
    _gateway.watch(process.open_streams(_host))
    variables.install(settings["names"], settings["env"], _variable)
    process.set_path(settings["sys_path"], (*supplements.PATH, process.IMPORTABLE))
    process.enter()
    supplements.install(_host)
    timeouts.install(_host, Gateway.answer.__code__)
    pyodide.ffi.run_sync = _run_sync
    if settings["capture"]:
        capture.begin()


def _configure(settings: dict[str, Any]) -> None:
    run_once = settings["run_once"]
    _gateway.configure(settings["multiprocess"], run_once, settings["worker"])
    identity.CURRENT.take(settings["identity"])
    _gateway.describe(identity.CURRENT.environ())


def _join(settings: dict[str, Any]) -> None:
    """Add to an interpreter that is the host program's what the application needs, and change
    nothing of what is there: it may do other things besides."""
    os.environ.update({name: _variable(name) for name in settings["names"]})
    entries = [*settings["sys_path"], process.IMPORTABLE]
    sys.path.extend(entry for entry in entries if entry not in sys.path)


def _variable(name: str) -> str:
    value = _wasgi_host.variable(name)
    if not isinstance(value, str):
        raise KeyError(name)
    return value


def load(json_text: str) -> str:
    """Import an application and give it its number, by which requests name it. Answers with its name,
    or with the error for the host's table."""
    settings = json.loads(json_text)
    number = settings.pop("number", 0)
    target = Target(**settings)
    _gateway.leave_event_loop()
    try:
        found = load_hooks(target) if target.hooks else load_target(target)
    except LoadError as error:
        answer = {
            "ok": False,
            "code": error.code,
            "args": error.arguments,
            "traceback": error.traceback,
        }
    else:
        _gateway.mount(found.application, number, found.label.rpartition(":")[2])
        if found.consulted is not None:
            _gateway.consult(found.consulted, number)
        answer = {"ok": True, "callable": found.label}
    _gateway.flush()
    return json.dumps(answer)


def warm_up(json_text: str) -> str:
    """Answer the requests of the list, for their effect. Answers with a line for each failure."""
    _gateway.leave_event_loop()
    failures = _gateway.warm_up(json.loads(json_text))
    _gateway.flush()
    return json.dumps({"failures": failures})


def prepare(_json_text: str) -> str:
    """Bring the interpreter to rest before it is captured, or say why it cannot be."""
    _gateway.leave_event_loop()
    answer = capture.prepare()
    variables.keep_linker_path()
    answer["javascript"] = _javascript_held()
    _gateway.flush()
    return json.dumps(answer)


def _javascript_held() -> list[str]:
    """The globals of the application's modules that are objects of JavaScript, as `module.name`."""
    ours = (
        "wasgi",
        "pyodide",
        "_pyodide",
        "_wasgi_host",
        "js",
        "pyodide_js",
        "asyncio",
        "__main__",
    )
    return [
        f"{module}.{name}"
        for module, names in origins.namespaces()
        if module.partition(".")[0] not in ours
        for name, value in list(names.items())
        if isinstance(value, JsProxy)
    ]


def stop(json_text: str) -> str:
    """Tell those who have subscribed, and then `atexit`, that the interpreter is about to end."""
    _gateway.leave_event_loop()
    with suppress(MemoryError):  # which may be what it ends of
        EVENTS.stop(json.loads(json_text)["reason"])
    process.run_exit_handlers()
    _gateway.flush()
    return "{}"


def resume(json_text: str) -> str:
    """Make an interpreter that was restored or wiped unique and current."""
    settings = json.loads(json_text)
    _gateway.leave_event_loop()
    if settings["fresh"]:
        # Pyodide does both at the end of its start, and a captured interpreter has had that.
        if sys.path[0] == "":
            del sys.path[0]
        variables.put_linker_path_back()
    _configure(settings)
    if EVENTS.watch is not None:
        EVENTS.watch.metrics.restart()
    try:
        capture.resume(settings)
    except Exception as error:
        answer = {"ok": False, "reason": text_of(error)}
    else:
        answer = {"ok": True}
    _gateway.flush()
    return json.dumps(answer)
