"""Says as JSON what it was told of a request. `other` is there to be chosen by a dispatch script."""

import json

number = 5


def _answer(start_response, told):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(told).encode()]


def application(environ, start_response):
    kinds = (str, int, float, tuple)
    return _answer(start_response, {k: v for k, v in environ.items() if isinstance(v, kinds)})


def other(environ, start_response):
    return _answer(start_response, {"other": environ["mod_wsgi.callable_object"]})
