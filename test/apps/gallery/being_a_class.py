"""The application is a class: its instances are the iterables."""

from gallery.telling import PLAIN


class application:
    def __init__(self, environ, start_response):
        self._start_response = start_response

    def __iter__(self):
        self._start_response("200 OK", [PLAIN])
        yield b"an "
        yield b"instance"
