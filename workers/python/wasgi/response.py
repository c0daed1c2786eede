"""One response: PEP 3333's start_response and write(), and the bytes on their way to the host."""

from collections.abc import Callable
from struct import Struct
from types import TracebackType
from typing import Final

from .errors import ClientGone, ProtocolError
from .headers import Head, HeaderRules, HintRules
from .host import CHUNK, GONE, HEAD, HINTS, WARN, WHOLE, Host
from .request_input import RequestInput

ExcInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None] | None
)

_lengths: Final = Struct("<II")
LENGTHS_SIZE: Final = _lengths.size
NO_BODY: Final = frozenset({"204", "304"})


class Response:
    """The `start_response` of one request. Nothing is sent until the first non-empty chunk, so an
    application that fails before may still change the status.
    """

    # What most responses never change costs nothing to make.
    head: Head | None = None
    sent = False
    ended = False
    gone = False
    out_of_memory = False
    remaining = -1
    """Body bytes that Content-Length still allows; -1 while it allows any number."""
    _credit = 0
    _cut = False
    _hints_dropped = False

    def __init__(
        self,
        host: Host,
        rules: HeaderRules,
        hint_rules: HintRules,
        request_input: RequestInput,
        head_only: bool,
    ) -> None:
        self._host = host
        self._rules = rules
        self._hint_rules = hint_rules
        self._input = request_input
        self.head_only = head_only

    def __call__(
        self, status: str, response_headers: list[tuple[str, str]], exc_info: ExcInfo = None
    ) -> Callable[[bytes], None]:
        """PEP 3333's start_response: record status and headers, return write()."""
        if self.ended:
            raise ProtocolError("start_response was called after the response had ended")
        if exc_info is None:
            if self.head is not None:
                raise ProtocolError("start_response was called twice without exc_info")
        else:
            try:
                self._replace(exc_info)
            finally:
                exc_info = None  # a traceback kept in its own frame is a cycle
        self.head = self._rules.compose(status, response_headers)
        return self.write

    def _replace(self, exc_info: ExcInfo) -> None:
        if not isinstance(exc_info, tuple) or len(exc_info) != 3:
            raise TypeError(f"exc_info must be what sys.exc_info() returns, got {exc_info!r}")
        error = exc_info[1]
        if isinstance(error, MemoryError):
            self.out_of_memory = True
        if self.sent:
            if error is None:
                raise ProtocolError("the response has begun, its status cannot be replaced")
            try:
                raise error.with_traceback(exc_info[2])
            finally:
                del error, exc_info  # as in __call__

    def write(self, data: bytes, /) -> None:
        """PEP 3333's write(): `data` is on its way to the client when this returns."""
        if self.ended:
            raise ProtocolError("write() was called after the response had ended")
        if not isinstance(data, bytes):
            raise TypeError(f"write() takes bytes, got {type(data).__name__}")
        if data:
            self.emit(data)
        if self.gone:
            raise ClientGone("the client disconnected before the response was complete")

    def early_hints(self, headers: list[tuple[str, str]], /) -> None:
        """`wsgi.early_hints`: send an interim response of status 103 (RFC 8297) with these headers.
        Does nothing for a client that cannot have one, and none once the head is sent."""
        if self.sent or self.ended or self.gone:
            return
        encoded = self._hint_rules.compose(headers)
        if not encoded:
            return
        self._host.response_buffer[: len(encoded)] = encoded
        answer = self._host.send(HINTS, len(encoded))
        if answer == GONE:
            self.gone = True
        elif answer == 0 and not self._hints_dropped:
            self._hints_dropped = True
            self._host.log(
                WARN, "gateway", "A request has too many early hints; the rest is left out."
            )

    @property
    def bodyless(self) -> bool:
        """Whether HTTP forbids this response a body."""
        head = self.head
        return self.head_only or (head is not None and head.code in NO_BODY)

    def measure(self, length: int) -> None:
        """Use this Content-Length if the application gave none, and there is to be one."""
        head = self.head
        if head is not None and head.length < 0 and head.code not in NO_BODY:
            head.length = length

    def lay_out(self, chunk: bytes, length: int) -> bytes | None:
        """The head and its first chunk, as the host reads them; `length` is the Content-Length,
        -1 for none. None when they do not fit into the response buffer."""
        encoded = self._encoded(length)
        size = len(encoded)
        if LENGTHS_SIZE + size + len(chunk) > len(self._host.response_buffer):
            return None
        return b"".join((_lengths.pack(size, len(chunk)), encoded, chunk))

    def emit(self, chunk: bytes) -> bool:
        """Send `chunk`, after the head if that is still due, and wait until more may be produced.
        False when nothing more should be: the body is complete, or nobody reads it."""
        at = 0 if self.sent else self._send_head(chunk)
        if self.gone or self.bodyless:
            return False
        end = len(chunk)
        if self.remaining >= 0:
            if end > self.remaining:
                end = self.remaining
                self.truncate()
            self.remaining -= end
        if at < end and not self._send_pieces(memoryview(chunk)[at:end]):
            return False
        if self.remaining == 0:
            return end == len(chunk)
        return self._credit > 0 or self._drain()

    def wanted(self) -> bool:
        """Whether the client is still there."""
        return self._drain()

    def truncate(self) -> None:
        """Say, once, that the application produced more than its Content-Length."""
        if self._cut:
            return
        self._cut = True
        self._host.log(
            WARN, "gateway", "The response body is longer than its Content-Length; the rest is cut."
        )

    def _encoded(self, length: int) -> bytes:
        head = self.head
        if head is None:
            raise ProtocolError("the application produced a response without start_response")
        failure, fault = self._input.failure, self._input.fault
        # What frameworks make of a read that failed. Any other status is the application's own word.
        if failure is not None and (
            (fault and head.code[0] == "5") or (fault == "408" and head.code == "400")
        ):
            raise failure.with_traceback(None)
        if length < 0 or head.code == "204":
            return head.encoded
        return b"%b\nContent-Length\n%d" % (head.encoded, length)

    def _send_head(self, chunk: bytes) -> int:
        """Send the head and as much of `chunk` as fits; returns how much that was."""
        head = self.head
        length = -1 if head is None else head.length
        encoded = self._encoded(length)
        buffer = self._host.response_buffer
        start = LENGTHS_SIZE + len(encoded)
        taken = 0
        if not self.bodyless:
            self.remaining = length
            taken = min(len(chunk), len(buffer) - start)
            if length >= 0:
                taken = min(taken, length)
        _lengths.pack_into(buffer, 0, len(encoded), taken)
        with memoryview(buffer) as view:
            view[LENGTHS_SIZE:start] = encoded
            view[start : start + taken] = memoryview(chunk)[:taken]
        self.sent = True
        whole = self.bodyless or taken == length
        self._credited(self._host.send(WHOLE if whole else HEAD, start + taken))
        return taken

    def _send_pieces(self, data: memoryview) -> bool:
        buffer = self._host.response_buffer
        at = 0
        while at < len(data):
            if self._credit <= 0 and not self._drain():
                return False
            size = min(len(data) - at, len(buffer), self._credit)
            with memoryview(buffer) as view:
                view[:size] = data[at : at + size]
            at += size
            if not self._credited(self._host.send(CHUNK, size)):
                return False
        return True

    def _drain(self) -> bool:
        return self._credited(self._host.drain())

    def _credited(self, credit: int) -> bool:
        self._credit = credit
        if credit == GONE:
            self.gone = True
        return not self.gone
