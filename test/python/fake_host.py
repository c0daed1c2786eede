"""A host that remembers what it was told, and the tools to put one request through a gateway."""

import hashlib
import marshal
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workers" / "python"))

from wasgi.handler import Gateway  # noqa: E402
from wasgi.host import ASK, CHUNK, GONE, HEAD, WARN, WHOLE  # noqa: E402
from wasgi.log_streams import LogStream  # noqa: E402

# Inside the guest there are none: that is why the host supplies them.
_native_pbkdf2 = getattr(hashlib, "pbkdf2_hmac", None)
_native_scrypt = getattr(hashlib, "scrypt", None)


class FakeHost:
    """Records everything. `credits` are what send() answers in turn (then plenty), `pieces` the
    body that pull() delivers, a negative number being its failure."""

    def __init__(
        self, credits: Iterable[int] = (), pieces: Iterable[bytes | int] = (), buffer: int = 65536
    ) -> None:
        self.request_buffer = bytearray(256 * 1024)
        self.response_buffer = bytearray(buffer)
        self.input_buffer = bytearray(64 * 1024)
        self.sent: list[tuple[int, bytes]] = []
        self.logs: list[tuple[int, str, str]] = []
        self.drained = 0
        self.drain_answer = 65536
        self.slept: list[float] = []
        self.locked: list[tuple[int, int]] = []
        self.lock_answer = 0
        self.late = False
        self.memory = 0
        self.computed = [0, 0]
        self.on_send: Callable[[], None] | None = None
        self.on_suspend: Callable[[float], int] | None = None
        self._credits = iter(credits)
        self._pieces = iter(pieces)

    def send(self, kind: int, length: int) -> int:
        self.sent.append((kind, bytes(self.response_buffer[:length])))
        if self.on_send is not None:
            self.on_send()
        return next(self._credits, 1 << 20)

    def drain(self) -> int:
        self.drained += 1
        return self.drain_answer

    def pull(self) -> int:
        piece = next(self._pieces, b"")
        if isinstance(piece, int):
            return piece
        self.input_buffer[: len(piece)] = piece
        return len(piece)

    def log(self, level: int, stream: str, text: str) -> None:
        self.logs.append((level, stream, text))

    def suspend(self, ms: float) -> int:
        self.slept.append(ms)
        return 0 if self.on_suspend is None else self.on_suspend(ms)

    def wake(self) -> None:
        self.logs.append((0, "fake", "woken"))

    def timed_out(self) -> int:
        self.late, late = False, self.late
        return int(late)

    def memory_bytes(self) -> int:
        return self.memory

    def processor_time(self, kind: int) -> int:
        return self.computed[kind]

    def pbkdf2(
        self, digest: str, password: bytes, salt: bytes, iterations: int, dklen: int
    ) -> bytes | int:
        assert _native_pbkdf2 is not None
        name = {"blake2b512": "blake2b", "blake2s256": "blake2s"}.get(digest, digest)
        try:
            return _native_pbkdf2(name.replace("sha3-", "sha3_"), password, salt, iterations, dklen)
        except ValueError:
            return -1

    def scrypt(
        self, password: bytes, salt: bytes, n: int, r: int, p: int, maxmem: int, dklen: int
    ) -> bytes | int:
        assert _native_scrypt is not None
        try:
            return _native_scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=maxmem, dklen=dklen)
        except ValueError:
            return -2

    def flock(self, fd: int, operation: int) -> int:
        self.locked.append((fd, operation))
        return self.lock_answer

    def texts(self, stream: str) -> list[str]:
        """What was logged to `stream`."""
        return [text for _, name, text in self.logs if name == stream]


@dataclass
class Reply:
    """A response as a client would have seen it."""

    outcome: int
    status: str
    headers: list[tuple[str, str]]
    body: bytes
    text: str
    """The traceback of a failure, or what else the host is told instead of a response."""

    def header(self, name: str) -> str | None:
        """The value of the one header called `name`."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) <= 1, found
        return found[0] if found else None


def environ_of(method: str = "GET", path: str = "/", **more: str) -> dict[str, str]:
    """The CGI part of an environ, as the host computes it."""
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "REQUEST_URI": path,
        "RAW_URI": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.url_scheme": "http",
        **more,
    }


def gateway_of(host: FakeHost, application: Any) -> Gateway:
    """A gateway that answers with `application`."""
    gateway = Gateway(host, LogStream(host, WARN, "wsgi.errors"))
    gateway.configure(False, False, "default/1")
    gateway.mount(application)
    return gateway


def request(
    application: Any,
    host: FakeHost | None = None,
    environ: dict[str, str] | None = None,
    body: bytes | None = b"",
) -> Reply:
    """Put one request through a gateway of its own."""
    host = host or FakeHost()
    return exchange(gateway_of(host, application), host, environ, body)


def exchange(
    gateway: Gateway,
    host: FakeHost,
    environ: dict[str, str] | None = None,
    body: bytes | None = b"",
    number: int = 0,
) -> Reply:
    """Put a request through `gateway` and read what came of it, from wherever it came."""
    environ = environ or environ_of()
    data = marshal.dumps((-1, tuple(environ), tuple(environ.values()), body, number))
    host.request_buffer[: len(data)] = data
    first = len(host.sent)
    outcome = gateway.serve()
    failed = outcome & 15 in (2, 4)
    head, chunks = b"", b""
    if outcome & 15 == 0:
        head, chunks = _split(host.response_buffer)
    for kind, data in host.sent[first:]:
        if kind in (HEAD, WHOLE):
            head, chunks = _split(data)
        elif kind != ASK:
            assert kind == CHUNK
            chunks += data
    text = _split(host.response_buffer)[1].decode() if failed else ""
    fields = head.decode("latin-1").split("\n") if head else [""]
    headers = list(zip(fields[1::2], fields[2::2], strict=True))
    return Reply(outcome, fields[0], headers, chunks, text)


def _split(data: bytes | bytearray) -> tuple[bytes, bytes]:
    head, body = struct.unpack_from("<II", data)
    return bytes(data[8 : 8 + head]), bytes(data[8 + head : 8 + head + body])


__all__ = ["GONE", "FakeHost", "Reply", "environ_of", "exchange", "gateway_of", "request"]
