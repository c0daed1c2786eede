"""Gives early hints when it is too late for them: the head is with the client."""

from gallery.telling import PLAIN


def application(environ, start_response):
    start_response("200 OK", [PLAIN])
    yield b"begun "
    environ["wsgi.early_hints"]([("Link", "</late.css>; rel=preload")])
    yield b"and ended"
