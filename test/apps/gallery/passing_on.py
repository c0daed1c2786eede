"""Middleware that reads a file wrapper instead of returning it."""

import io

from gallery.journal import note
from gallery.telling import PLAIN


class Memory(io.BytesIO):
    def close(self):
        note("closed")
        super().close()


def application(environ, start_response):
    start_response("200 OK", [PLAIN])
    wrapper = environ["wsgi.file_wrapper"](Memory(b"abcdefgh" * 10_000), 1000)
    try:
        for piece in wrapper:
            yield piece.upper()
    finally:
        wrapper.close()
