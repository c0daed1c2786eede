"""Runs requests of the operator's choice through the application before its memory is captured, so
that what they import, compile and cache is in every copy.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from .errors import ProtocolError
from .host import Host
from .request_input import RequestInput
from .tracebacks import headline

MARKER: Final = "wasgi.warmup"
"""In the environ of these requests, and True."""


def run(
    application: Callable[..., Any],
    requests: Sequence[str],
    constants: Mapping[str, Any],
    host: Host,
) -> list[str]:
    """Answer each of `requests`, as in "GET /path?query". Returns a line for each that failed or was
    answered with a status of 500 or more. Never raises."""
    faults: list[str] = []
    for request in requests:
        try:
            fault = _answer(application, _environ(request, constants, host))
        except BaseException as error:
            fault = f"raised {headline(error)}"
        if fault:
            faults.append(f"{request}: {fault}")
    return faults


class _Response:
    """A start_response whose response goes nowhere."""

    def __init__(self) -> None:
        self.status = ""
        self.begun = False

    def __call__(self, status: str, headers: Any, exc_info: Any = None) -> Callable[[bytes], None]:
        try:
            if exc_info is not None and self.begun:
                raise exc_info[1].with_traceback(exc_info[2])
            if exc_info is None and self.status:
                raise ProtocolError("start_response was called twice without exc_info")
        finally:
            exc_info = None  # a traceback kept in its own frame is a cycle
        self.status = str(status)
        return self.write

    def write(self, data: bytes) -> None:
        if not isinstance(data, bytes):
            raise TypeError(f"a response body must be bytes, got {type(data).__name__}")
        if data and not self.status:
            raise ProtocolError("the application produced a response without start_response")
        self.begun = self.begun or bool(data)


def _answer(application: Callable[..., Any], environ: dict[str, Any]) -> str:
    response = _Response()
    iterable = application(environ, response)
    try:
        for chunk in iterable:
            response.write(chunk)
    finally:
        close = getattr(iterable, "close", None)
        if close is not None:
            close()
    if not response.status:
        raise ProtocolError("the application returned without calling start_response")
    return f"answered {response.status}" if response.status[:1] >= "5" else ""


def _ignore_hints(_headers: list[tuple[str, str]], /) -> None:
    pass


def _environ(request: str, constants: Mapping[str, Any], host: Host) -> dict[str, Any]:
    method, _, target = request.strip().partition(" ")
    target = target.strip().partition("#")[0]
    if not target.startswith("/"):
        raise ValueError('a warm-up request is a method and a path, as in "GET /"')
    path, _, query = target.partition("?")
    # PEP 3333: bytes, in the shape of Latin-1 text.
    query = query.encode().decode("latin-1")
    return {
        "REQUEST_METHOD": method.upper(),
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "RAW_URI": target,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
        **constants,
        "wsgi.input": RequestInput(host, b""),
        "wsgi.early_hints": _ignore_hints,
        MARKER: True,
    }
