"""Answers with the environ as JSON, and notes that it was asked."""

import json

from gallery.journal import note


def application(environ, start_response):
    """`text` has the values that are text, `kinds` the type of every value."""
    note("mirror")
    seen = {
        "plain": type(environ) is dict,
        "text": {name: value for name, value in environ.items() if type(value) is str},
        "kinds": {name: type(value).__name__ for name, value in environ.items()},
        "version": list(environ["wsgi.version"]),
        "flags": {name: value for name, value in environ.items() if type(value) is bool},
    }
    body = json.dumps(seen).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
