"""Returns an iterable whose len() is not the number of its items."""

from gallery.journal import note
from gallery.telling import PLAIN, told


class Body:
    def __init__(self, length, items):
        self._length = length
        self._items = items

    def __len__(self):
        return self._length

    def __iter__(self):
        return iter(self._items)


class ClosableBody(Body):
    def close(self):
        note("closed")


def application(environ, start_response):
    length, items, closes = told(environ)
    start_response("200 OK", [PLAIN])
    return ClosableBody(length, items) if closes else Body(length, items)
