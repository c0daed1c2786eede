"""Writes before it returns and while it is iterated."""

from gallery.telling import PLAIN


def application(environ, start_response):
    write = start_response("200 OK", [PLAIN])
    write(b"pre-")
    return _items(write)


def _items(write):
    write(b"mid-")
    yield b"post1-"
    write(b"between-")
    yield b"post2"
