"""Wants another status, because of an exception, when the first one is with the client."""

import sys
from traceback import extract_tb

from gallery.journal import note
from gallery.telling import PLAIN


def application(environ, start_response):
    write = start_response("200 OK", [PLAIN])
    if environ["QUERY_STRING"] == "written":
        write(b"begun")
    else:
        yield b"begun"
    error = ValueError("too late")
    try:
        _raise_deep_down(error)
    except ValueError:
        try:
            start_response("503 Service Unavailable", [PLAIN], sys.exc_info())
        except BaseException as raised:
            note("the same exception" if raised is error else repr(raised))
            frames = [frame.name for frame in extract_tb(raised.__traceback__)]
            note("its traceback" if "_raise_deep_down" in frames else repr(frames))
            raise
        note("nothing was raised")
    yield b"never"


def _raise_deep_down(error):
    raise error
