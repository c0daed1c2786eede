"""Writes once more when its response is closed."""

from gallery.journal import note
from gallery.telling import given, told


class Body:
    def __init__(self, items, write):
        self._items = items
        self._write = write

    def __iter__(self):
        return given(self._items)

    def close(self):
        try:
            self._write(b"too late")
        except Exception:
            note("write() raised")
            raise


def application(environ, start_response):
    status, headers, items = told(environ)
    return Body(items, start_response(status, headers))
