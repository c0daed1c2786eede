"""Yields every line of its body as soon as it has it."""


def application(environ, start_response):
    """A generator: it reads while it answers."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    while line := environ["wsgi.input"].readline():
        yield line
