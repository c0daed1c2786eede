"""Returns a list of as many items of as many bytes as it is told."""

from gallery.telling import PLAIN, told


def application(environ, start_response):
    count, size = told(environ)
    start_response("200 OK", [PLAIN])
    return [b"x" * size] * count
