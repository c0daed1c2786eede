"""Answers JSON: which callable it is, the environ's text values, and os.environ."""

import json
import os


def mirror(label):
    """An application that calls itself `label`."""

    def answer(environ, start_response):
        seen = {name: value for name, value in environ.items() if isinstance(value, str)}
        body = json.dumps({"callable": label, "environ": seen, "variables": dict(os.environ)})
        start_response("200 OK", [("Content-Type", "application/json")])
        return [body.encode()]

    return answer


application = mirror("application")
named = mirror("named")


def make():
    """A factory under a name that wasgi does not try by itself."""
    return mirror("make()")
