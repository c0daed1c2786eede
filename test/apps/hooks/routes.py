"""A dispatch script: the query says what it chooses."""

from urllib.parse import parse_qs


def choice(environ, name):
    if "wsgi.input" in environ or "mod_wsgi.callable_object" in environ:
        raise ValueError("the environ holds what it must not")
    value = parse_qs(environ["QUERY_STRING"]).get(name, [None])[0]
    return {"number": 5, "raises": None, "bytes": b"other"}.get(value, value)


def process_group(environ):
    return choice(environ, "process")


def application_group(environ):
    return choice(environ, "group")


def callable_object(environ):
    if "raise" in environ["QUERY_STRING"]:
        raise ValueError("a route in trouble")
    return choice(environ, "callable")
