"""What the gateway may ask of the world outside. It holds no behaviour: `boundary` supplies the
real thing, tests supply a fake.
"""

from typing import Final, Protocol

HEAD: Final = 1
"""`send` kind: u32 head length, u32 body length (little endian), the head, the first chunk."""

CHUNK: Final = 2
"""`send` kind: a further chunk, as is."""

WHOLE: Final = 3
"""`send` kind: laid out as HEAD, when the chunk is all there is: the client need not wait for close()."""

HINTS: Final = 4
"""`send` kind: names and values of an interim response, laid out as in a head. Only before the head."""

ASK: Final = 5
"""`send` kind, of no bytes: the body is about to be read, so the client may send it."""

GONE: Final = -1
"""From `send`, `drain` and `pull`: nobody waits for this response any more."""

TOO_LARGE: Final = -2
"""From `pull`: the request body is larger than `body_limit`."""

TOO_SLOW: Final = -4
"""From `pull`: the client did not send its body within `body_timeout`."""

MALFORMED: Final = -5
"""From `pull`: what came after the body must not be there."""

TIMED_OUT: Final = -6
"""From whatever waits: the request takes too long. Said once, and then `timed_out` says it no more."""

# pino's levels.
INFO: Final = 30
WARN: Final = 40
ERROR: Final = 50


class Host(Protocol):
    """The host's capabilities. Each call may suspend the request until it has an answer."""

    request_buffer: bytearray
    response_buffer: bytearray
    input_buffer: bytearray

    def send(self, kind: int, length: int) -> int:
        """Hand over the first `length` bytes of the response buffer. Returns the bytes that may
        still be produced, 0 when `drain` must be asked first, or GONE. Of HINTS 1 when they are
        taken, 0 when they are too many, or GONE."""
        ...

    def drain(self) -> int:
        """Wait until more may be produced. Returns how many bytes, or GONE."""
        ...

    def pull(self) -> int:
        """Wait for the next piece of the request body in the input buffer. Returns its length,
        0 at the end, GONE, TOO_LARGE, TOO_SLOW or MALFORMED."""
        ...

    def log(self, level: int, stream: str, text: str) -> None:
        """Give `text` to the server's log. Never raises."""
        ...

    def suspend(self, ms: float) -> int:
        """Sleep: 0 when the time is over, 1 when `wake` was called. Negative: until `wake`."""
        ...

    def wake(self) -> None:
        """End a `suspend`, if there is one."""
        ...

    def timed_out(self) -> int:
        """1 when the request being served takes too long and has not been told yet, else 0."""
        ...

    def memory_bytes(self) -> int:
        """How large the WebAssembly memory is. It never shrinks."""
        ...

    def processor_time(self, kind: int) -> int:
        """Microseconds that the interpreter's thread has computed so far: of kind 0 in its own code, of
        kind 1 in the operating system. 0 in embedded mode, where the thread is the server's."""
        ...

    def pbkdf2(
        self, digest: str, password: bytes, salt: bytes, iterations: int, dklen: int
    ) -> bytes | int:
        """The derived key, -1 for a digest the host lacks, -2 for arguments it refuses."""
        ...

    def scrypt(
        self, password: bytes, salt: bytes, n: int, r: int, p: int, maxmem: int, dklen: int
    ) -> bytes | int:
        """The derived key, or a negative number for arguments the host refuses."""
        ...

    def flock(self, fd: int, operation: int) -> int:
        """0, or the errno."""
        ...
