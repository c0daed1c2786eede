"""Calls start_response in the first next() of what it returns: the application is a generator."""

from gallery.telling import PLAIN


def application(environ, start_response):
    start_response("202 Accepted", [PLAIN, ("X-Started", "late")])
    yield b"late "
    yield b"but there"
