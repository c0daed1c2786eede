"""Replaces its status and headers, because of an exception, before anything was sent."""

import sys

from gallery.telling import PLAIN

FIRST = [PLAIN, ("X-First", "1"), ("Set-Cookie", "first=1"), ("Content-Length", "3")]
SECOND = [PLAIN, ("X-Second", "1")]


def application(environ, start_response):
    moment = environ["QUERY_STRING"]
    write = start_response("200 OK", FIRST)
    if moment == "empty-write":
        write(b"")
    if moment == "empty-item":
        return _later(start_response)
    _replace(start_response)
    return [b"replaced"]


def _later(start_response):
    yield b""
    _replace(start_response)
    yield b"replaced"


def _replace(start_response):
    try:
        raise ValueError("changed its mind")
    except ValueError:
        start_response("503 Service Unavailable", SECOND, sys.exc_info())
