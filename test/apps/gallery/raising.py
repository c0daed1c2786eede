"""Raises the exception it is told, at the moment it is told."""

from gallery.journal import note
from gallery.telling import PLAIN, fail, told


class Body:
    def __init__(self, moment, name):
        self._moment = moment
        self._name = name

    def _at(self, moment):
        if moment == self._moment:
            fail(self._name)

    def __iter__(self):
        self._at("iterated")
        return self._items()

    def _items(self):
        self._at("first item")
        yield b"begun"
        self._at("second item")

    def close(self):
        note("closed")
        self._at("closed")


def application(environ, start_response):
    moment, name, headers = told(environ)
    note(f"raises {name}")
    if moment == "called":
        fail(name)
    start_response("200 OK", [PLAIN, *headers])
    if moment == "started":
        fail(name)
    return Body(moment, name)
