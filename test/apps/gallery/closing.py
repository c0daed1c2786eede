"""Notes every close(): of the iterable it returns, and of that iterable's iterator."""

from gallery.journal import note
from gallery.telling import given, told


class Items:
    def __init__(self, items):
        self._items = given(items)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._items)

    def close(self):
        note("the iterator closed")


class Body:
    def __init__(self, items):
        self._items = items

    def __iter__(self):
        return Items(self._items)

    def close(self):
        note("closed")


def application(environ, start_response):
    status, headers, items = told(environ)
    if status is not None:
        start_response(status, headers)
    return Body(items)
