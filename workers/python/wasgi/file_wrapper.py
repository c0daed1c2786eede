"""`wsgi.file_wrapper`: a file as a response body, from where it stands to its end."""

import io
import os
import stat
from collections.abc import Callable
from typing import Any, Final

# What `send` takes at once; a regular file is read in pieces of this size.
_WHOLE_BUFFER: Final = 64 * 1024

_PLAIN: Final = (io.BufferedReader, io.BufferedRandom, io.FileIO)


class FileWrapper:
    """PEP 3333's optional file handling. Iterates from the file's present position."""

    def __init__(self, filelike: Any, blksize: int = 8192) -> None:
        self.filelike = filelike
        self.blksize = blksize
        self._left = -1
        # PEP 3333: there is a close() only if the file has one.
        close: Callable[[], object] | None = getattr(filelike, "close", None)
        if close is not None:
            self.close = close

    def __iter__(self) -> "FileWrapper":
        return self

    def __next__(self) -> bytes:
        size = self.blksize if self._left < 0 else min(self.blksize, self._left)
        data = self.filelike.read(size) if size else b""
        if not data:
            raise StopIteration
        if self._left > 0:
            self._left -= len(data)
        return data

    def limit(self, length: int) -> None:
        """Stop after `length` bytes: a Content-Length may be shorter than the file."""
        self._left = length

    def remaining(self) -> int:
        """Bytes from the present position to the end of a regular file, else -1."""
        try:
            file = _unwrapped(self.filelike)
            # A GzipFile has the descriptor of a file, too, but that is not what it reads.
            if type(file) not in _PLAIN or type(getattr(file, "raw", file)) is not io.FileIO:
                return -1
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                return -1
            left = info.st_size - file.tell()
        except (AttributeError, OSError, TypeError, ValueError):
            return -1
        self.blksize = max(self.blksize, _WHOLE_BUFFER)
        return max(left, 0)


def _unwrapped(file: Any) -> Any:
    """What `file` reads from, for those that only pass it on: tempfile's, and Django's twice."""
    for _ in range(2):
        inner = getattr(file, "file", None)
        if inner is None:
            break
        if type(file).__module__ != "tempfile" and file.read != inner.read:
            break
        file = inner
    return file
