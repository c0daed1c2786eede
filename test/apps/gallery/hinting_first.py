"""Gives a hint, and reads its body only then."""

from gallery.telling import PLAIN


def application(environ, start_response):
    environ["wsgi.early_hints"]([("Link", "</style.css>; rel=preload; as=style")])
    size = len(environ["wsgi.input"].read(100_000))
    start_response("200 OK", [PLAIN])
    return [b"read %d" % size]
