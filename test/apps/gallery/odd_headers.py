"""Gives its headers in what is no list."""

from gallery.telling import PLAIN

HEADERS = [PLAIN, ("X-App-Said", "before")]


def application(environ, start_response):
    kind = environ["QUERY_STRING"]
    if kind == "generator":
        start_response("200 OK", (pair for pair in HEADERS))
    elif kind == "map":
        start_response("200 OK", map(tuple, HEADERS))
    else:
        start_response("200 OK", dict(HEADERS).items())
    return [b"body"]
