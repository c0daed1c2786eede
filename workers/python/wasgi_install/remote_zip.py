"""Reads a little of a large wheel: the index of a zip file is at its end, so that a search through
many versions need not download them all. Works where the server answers range requests.
"""

import io
import re
import zipfile
from collections.abc import Callable

from .host import Reply

_TAIL = 64 * 1024
_CHUNK = 32 * 1024
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)$")


class RangesUnavailable(Exception):
    """The server sends whole files only, or nonsense."""


class RemoteFile(io.RawIOBase):
    """A file of the index as a seekable file, fetched in pieces as they are read."""

    def __init__(self, fetch: Callable[[str], Reply]) -> None:
        self._fetch = fetch
        self._at = 0
        reply = fetch(f"-{_TAIL}")
        if reply.status == 200:
            self._size = len(reply.body)
            self._pieces = [(0, reply.body)]
            return
        first, self._size = _position(reply)
        self._pieces = [(first, reply.body)]

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be read anywhere."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, or all that are left."""
        end = self._size if size < 0 else min(self._size, self._at + size)
        start, self._at = self._at, max(self._at, end)
        return self._range(start, end) if start < end else b""

    def _range(self, start: int, end: int) -> bytes:
        for first, piece in self._pieces:
            if first <= start and end <= first + len(piece):
                return piece[start - first : end - first]
        stop = min(self._size, max(end, start + _CHUNK))
        # What lies before a piece that is there becomes part of it.
        after = next((p for p in self._pieces if start < p[0] <= stop), None)
        if after is not None:
            stop = after[0]
            self._pieces.remove(after)
        reply = self._fetch(f"{start}-{stop - 1}")
        if _position(reply)[0] != start or len(reply.body) != stop - start:
            raise RangesUnavailable
        self._pieces.append((start, reply.body + (after[1] if after else b"")))
        return self._range(start, end)


def open_remote_zip(fetch: Callable[[str], Reply]) -> zipfile.ZipFile:
    """Open an archive that stays where it is. `fetch` takes a range as HTTP writes it."""
    return zipfile.ZipFile(RemoteFile(fetch))


def _position(reply: Reply) -> tuple[int, int]:
    match = _CONTENT_RANGE.match(reply.content_range) if reply.status == 206 else None
    if match is None or int(match[1]) + len(reply.body) != int(match[2]) + 1:
        raise RangesUnavailable
    return int(match[1]), int(match[3])
