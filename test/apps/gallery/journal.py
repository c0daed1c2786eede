"""What applications have noted: `note('closed')` adds to it, a request reads and empties it."""

import json

_notes = []


def note(text):
    """Remember a line until the journal is read."""
    _notes.append(text)


def application(environ, start_response):
    """The notes, oldest first."""
    body = json.dumps(_notes).encode()
    _notes.clear()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
