"""Returns files of many kinds in wsgi.file_wrapper. Each holds the numbers 0 to 255, 800 times."""

import io
import tempfile

from gallery.journal import note
from gallery.telling import PLAIN, told

CONTENT = bytes(range(256)) * 800

# A file that nobody refers to closes itself: here that would look as if the server had done it.
opened = []


class Subclass(io.FileIO):
    def close(self):
        note("closed")
        super().close()


class Memory(io.BytesIO):
    def close(self):
        note("closed")
        super().close()


class OnlyRead:
    """Neither close, nor tell, nor fileno."""

    def __init__(self):
        self._rest = io.BytesIO(CONTENT)

    def read(self, size):
        return self._rest.read(size)


class Breaking(OnlyRead):
    """read() fails after `reads` pieces."""

    def __init__(self, reads):
        super().__init__()
        self._reads = reads

    def read(self, size):
        if self._reads == 0:
            raise OSError("the disk is gone")
        self._reads -= 1
        return super().read(size)

    def close(self):
        note("closed")


def application(environ, start_response):
    kind, at, headers = told(environ)
    if kind == "the last one":
        start_response("200 OK", [PLAIN])
        return [str(opened[0].closed).encode()]
    file = _opened(kind)
    if at:
        file.seek(at)
    opened[:] = [file]
    status = "206 Partial Content" if _names(headers, "Content-Range") else "200 OK"
    start_response(status, [PLAIN, *headers])
    return environ["wsgi.file_wrapper"](file)


def _names(headers, wanted):
    return any(name == wanted for name, _ in headers)


def _opened(kind):
    if kind in ("real", "subclass"):
        with tempfile.NamedTemporaryFile(delete=False) as made:
            made.write(CONTENT)
        return open(made.name, "rb") if kind == "real" else Subclass(made.name)
    if kind == "memory":
        return Memory(CONTENT)
    if kind == "text":
        return io.StringIO("text, not bytes")
    if kind == "only read":
        return OnlyRead()
    return Breaking(0 if kind == "broken" else 2)
