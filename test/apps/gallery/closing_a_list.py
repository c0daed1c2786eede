"""Returns a list, or a tuple, that has a close()."""

from gallery.journal import note
from gallery.telling import PLAIN, told


class ClosableList(list):
    def close(self):
        note("closed")


class ClosableTuple(tuple):
    __slots__ = ()

    def close(self):
        note("closed")


def application(environ, start_response):
    kind, items = told(environ)
    start_response("200 OK", [PLAIN])
    return ClosableList(items) if kind == "list" else ClosableTuple(items)
