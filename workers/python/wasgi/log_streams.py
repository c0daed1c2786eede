"""Text streams that end in the server's log: sys.stdout, sys.stderr, wsgi.errors. Whole lines go
out at once; a partial line waits for its end, for `flush`, or until it is too long.
"""

import codecs
import io
from collections.abc import Iterable
from typing import Final

from .host import Host

LINE_LIMIT: Final = 8 * 1024
RECORD_LIMIT: Final = 64 * 1024


class LogStream(io.TextIOBase):
    """A line-buffered stream. `buffer` takes bytes, as sys.stdout.buffer does."""

    def __init__(self, host: Host, level: int, name: str) -> None:
        self._host = host
        self._level = level
        self.name = f"<{name}>"
        self._stream = name
        self.pending = ""
        """The beginning of a line that waits for its end."""
        self.buffer = _Bytes(self)

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """What `buffer` takes bytes to be."""
        return "utf-8"

    @property
    def errors(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How bytes that are not text appear."""
        return "backslashreplace"

    @property
    def line_buffering(self) -> bool:
        """Always."""
        return True

    @property
    def mode(self) -> str:
        """Text, for writing."""
        return "w"

    @property
    def closed(self) -> bool:
        """Never: a log that code could close by accident would go silent."""
        return False

    def close(self) -> None:
        """Flush. The log outlives whoever closes it."""
        self.flush()

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Never: no colours, no progress bars."""
        return False

    def reconfigure(self, **_options: object) -> None:
        """Accepted and ignored: what reaches the log is always UTF-8 and line-buffered."""

    def write(self, text: str, /) -> int:
        """Log the whole lines of `text` and keep the rest."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        end = text.rfind("\n")
        if end < 0:
            self.pending += text
        else:
            self._emit(self.pending + text[:end])
            self.pending = text[end + 1 :]
        if len(self.pending) >= LINE_LIMIT:
            self.flush()
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write each line; PEP 3333 asks for this method by name."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Log the partial line."""
        if self.pending:
            text, self.pending = self.pending, ""
            self._emit(text)

    def _emit(self, text: str) -> None:
        """One record, unless it is too long for one, or a line is."""
        if len(text) <= LINE_LIMIT:
            self._host.log(self._level, self._stream, text)
            return
        record: list[str] = []
        length = 0
        for line in text.split("\n"):
            for at in range(0, len(line) or 1, LINE_LIMIT):
                # A cut inside a line ends the record too, or the cut would look like a line's end.
                piece = line[at : at + LINE_LIMIT]
                if record and (at or length + len(piece) >= RECORD_LIMIT):
                    self._host.log(self._level, self._stream, "\n".join(record))
                    record, length = [], 0
                record.append(piece)
                length += len(piece) + 1
        self._host.log(self._level, self._stream, "\n".join(record))


class _Bytes(io.BufferedIOBase):
    """The byte side of a LogStream. Bytes that are not UTF-8 appear as escapes."""

    def __init__(self, text: LogStream) -> None:
        self._text = text
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    @property
    def closed(self) -> bool:
        return False

    def close(self) -> None:
        self.flush()

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        size = memoryview(data).nbytes
        self._text.write(self._decoder.decode(bytes(data)))
        return size

    def flush(self) -> None:
        self._text.flush()
