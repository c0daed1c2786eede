"""Gives the early hints it is told, one call for each list of them, then answers."""

from gallery.telling import PLAIN, told


def application(environ, start_response):
    for hints in told(environ):
        environ["wsgi.early_hints"](hints)
    start_response("200 OK", [PLAIN])
    return [b"final"]
