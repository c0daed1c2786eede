"""Never comes to an end by itself; notes how it was ended."""

from time import sleep

from gallery.journal import note
from gallery.telling import PLAIN, told

PIECE = b"x" * 1000


class Body:
    def __init__(self, items):
        self._items = items

    def __iter__(self):
        return self._items

    def close(self):
        note("closed")


def application(environ, start_response):
    kind, headers = told(environ)
    write = start_response("200 OK", [PLAIN, *headers])
    if kind == "written":
        try:
            while True:
                write(PIECE)
        except Exception:
            note("write() raised")
            raise
    return Body(_silent() if kind == "silent" else _talking())


def _talking():
    while True:
        yield PIECE


def _silent():
    yield b"begun"
    while True:
        # It waits for something, as one that yields nothing does: in embedded mode the thread is the server's.
        sleep(0.005)
        yield b""
