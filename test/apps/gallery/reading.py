"""Reads its body as the header X-Read says, and answers with what each call gave, as JSON.

X-Read is a JSON list of calls: `[["read", 5], ["readline"], ["iterate"]]`.
"""

import json

from gallery.journal import note


def application(environ, start_response):
    """Bytes are answered as Latin-1 text; without X-Read all of the body is read."""
    calls = json.loads(environ.get("HTTP_X_READ", '[["read", -1]]'))
    stream = environ["wsgi.input"]
    try:
        given = [call(stream, *arguments) for arguments in calls]
    except Exception as error:
        note(f"reading {'OSError' if isinstance(error, OSError) else type(error).__name__}")
        raise
    note(f"read {sum(len(piece) for piece in flat(given))}")
    body = json.dumps([shown(value) for value in given]).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]


def call(stream, name, *arguments):
    """One call of the stream; `iterate` is a for loop over it."""
    if name == "iterate":
        return list(stream)
    return getattr(stream, name)(*arguments)


def flat(given):
    """All pieces of bytes."""
    for value in given:
        yield from [value] if isinstance(value, bytes) else value


def shown(value):
    """Bytes, or a list of them, as text; anything else by the name of its type."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, list):
        return [shown(item) for item in value]
    return type(value).__name__
