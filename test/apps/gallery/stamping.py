"""Yields or writes many items, each of which says when it was produced, in milliseconds since 1970."""

from time import time

from gallery.telling import PLAIN, told


def application(environ, start_response):
    """Items are lines of equal length."""
    way, count, size = told(environ)
    write = start_response("200 OK", [PLAIN, ("Content-Length", str(count * size))])
    items = _items(count, size)
    if way == "yielded":
        return items
    for item in items:
        write(item)
    return []


def _items(count, size):
    for _ in range(count):
        yield b"%*d\n" % (size - 1, time() * 1000)
