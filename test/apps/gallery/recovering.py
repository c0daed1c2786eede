"""Tries what start_response must refuse, handles the exception, and answers with its name."""

from gallery.telling import PLAIN

REFUSED = {
    "status": ("OK", [PLAIN, ("X-Bad", "1")]),
    "headers": ("200 OK", (PLAIN, ("X-Bad", "1"))),
    "name": ("200 OK", [PLAIN, ("X-Bad", "1"), ("X Bad", "1")]),
    "value": ("200 OK", [PLAIN, ("X-Bad", "1\r\n")]),
}


def application(environ, start_response):
    try:
        start_response(*REFUSED[environ["QUERY_STRING"]])
    except Exception as error:
        name = type(error).__name__
    else:
        name = "nothing"
    start_response("200 OK", [PLAIN])
    return [name.encode()]
