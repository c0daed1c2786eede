"""Calls start_response twice without an exception to explain it."""

from gallery.telling import PLAIN


def application(environ, start_response):
    start_response("200 OK", [PLAIN, ("X-First", "1")])
    if environ["QUERY_STRING"] == "None":
        start_response("201 Created", [PLAIN, ("X-Second", "1")], None)
    else:
        start_response("201 Created", [PLAIN, ("X-Second", "1")])
    return [b"twice"]
