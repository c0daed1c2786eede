"""`wsgi.input`: the request body as a file, bounded by its end, pulled from the host on demand."""

from collections.abc import Iterator

from .errors import BodyMalformed, BodyTooLarge, BodyTooSlow, ClientGone
from .host import ASK, MALFORMED, TOO_LARGE, TOO_SLOW, Host


class RequestInput:
    """A body that came with the request (`body`), or one to be pulled piece by piece (`None`)."""

    # What most requests never change costs nothing to make.
    _piece = b""
    _at = 0
    _more = False
    failure: Exception | None = None
    held_back = False
    """The client sends nothing before it is told that somebody reads (`Expect: 100-continue`)."""
    _closed = False
    gone = False
    fault = ""
    """The status that the client has earned with its body."""

    def __init__(self, host: Host, body: bytes | None) -> None:
        self._host = host
        if body is None:
            self._more = True
        elif body:
            self._piece = body

    def read(self, size: int | None = -1, /) -> bytes:
        """Exactly `size` bytes, fewer only at the end of the body; all of it without a size."""
        piece = self._current()
        left = len(piece) - self._at
        if size is None or size < 0:
            wanted = -1
        elif size <= left:
            if self.held_back and size == 0:
                # Reading nothing is reading: mod_wsgi, too, tells the client to go on.
                self.held_back = False
                self._host.send(ASK, 0)
            end = self._at + size
            data = piece[self._at : end]
            self._at = end
            return data
        else:
            wanted = size
        taken = [piece[self._at :]] if left else []
        self._at = len(piece)
        while (wanted < 0 or left < wanted) and self._pull():
            piece = self._piece
            if wanted >= 0 and len(piece) > wanted - left:
                piece = piece[: wanted - left]
            self._at = len(piece)
            left += len(piece)
            taken.append(piece)
        return b"".join(taken)

    def readline(self, size: int | None = -1, /) -> bytes:
        """One line with its newline, or its first `size` bytes; b'' at the end of the body."""
        wanted = -1 if size is None or size < 0 else size
        self._current()
        taken: list[bytes] = []
        length = 0
        while wanted < 0 or length < wanted:
            piece, start = self._piece, self._at
            if start == len(piece):
                if not self._pull():
                    break
                continue
            stop = len(piece) if wanted < 0 else min(len(piece), start + wanted - length)
            end = piece.find(b"\n", start, stop) + 1
            self._at = end or stop
            taken.append(piece[start : self._at])
            if end:
                break
            length += self._at - start
        return taken[0] if len(taken) == 1 else b"".join(taken)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """All lines; with a positive `hint`, no more once they hold that many bytes."""
        lines: list[bytes] = []
        length = 0
        for line in self:
            lines.append(line)
            length += len(line)
            if hint is not None and 0 < hint <= length:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def finish(self) -> None:
        """Refuse all further use: the bytes that come next belong to another request."""
        self._closed = True
        self._piece = b""
        self.failure = None

    def _current(self) -> bytes:
        if self._closed:
            raise RuntimeError("wsgi.input was used after its request had ended")
        return self._piece

    def _pull(self) -> bool:
        """Replace the used-up piece by the next one; False at the end of the body."""
        if not self._more:
            if self.failure is not None:
                raise self.failure.with_traceback(None)
            return False
        length = self._host.pull()
        if length > 0:
            self._piece = bytes(memoryview(self._host.input_buffer)[:length])
            self._at = 0
            return True
        self._more = False
        if length == 0:
            return False
        self.failure = self._broken(length)
        raise self.failure

    def _broken(self, answer: int) -> Exception:
        if answer == TOO_LARGE:
            self.fault = "413"
            return BodyTooLarge("the request body is larger than body_limit")
        if answer == TOO_SLOW:
            self.fault = "408"
            return BodyTooSlow("the client did not send its body within body_timeout")
        if answer == MALFORMED:
            self.fault = "400"
            return BodyMalformed("the request body is followed by trailers that HTTP forbids")
        self.gone = True
        return ClientGone("the client disconnected before the request body was complete")
