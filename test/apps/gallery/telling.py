"""What the table's rows tell applications to do: a Python literal, percent-encoded, in the query."""

import builtins
from ast import literal_eval
from urllib.parse import unquote

PLAIN = ("Content-Type", "text/plain")


def told(environ):
    """What this request asks the application to do."""
    return literal_eval(unquote(environ["QUERY_STRING"]))


def fail(name):
    """Raise the builtin exception of that name."""
    raise getattr(builtins, name)("told to")


def given(items):
    """Give each item when it is asked for; a dict {'raise': name} raises instead."""
    for item in items:
        if isinstance(item, dict):
            fail(item["raise"])
        yield item
