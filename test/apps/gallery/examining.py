"""Looks at what wsgi.file_wrapper makes of two files, and answers with what it has found, as JSON."""

import io
import json

from gallery.telling import PLAIN


class OnlyRead:
    def read(self, size):
        return b""


class Sizes(io.BytesIO):
    """Keeps how much each read() asks for."""

    asked = []

    def read(self, size=-1):
        self.asked.append(size)
        return super().read(size)


def application(environ, start_response):
    wrap = environ["wsgi.file_wrapper"]
    Sizes.asked.clear()
    file = Sizes(b"x" * 10_000)
    wrapped = wrap(file)
    pieces = [len(piece) for piece in wrapped]
    seen = {
        "file": wrapped.filelike is file,
        "pieces": pieces,
        "asked": sorted(set(Sizes.asked)),
        "own": [len(piece) for piece in wrap(Sizes(b"x" * 10), 4)],
        "closes": hasattr(wrapped, "close"),
        "without": hasattr(wrap(OnlyRead()), "close"),
    }
    wrapped.close()
    seen["closed"] = file.closed
    start_response("200 OK", [PLAIN])
    return [json.dumps(seen).encode()]
