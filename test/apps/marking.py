"""Notes every request that reaches it; whoever asks for the notes gets them, and a token of this worker's.

Words in the target say how to behave: `unread` leaves the body alone, `lines` reads it line by line,
`streams` gives the response in pieces.
"""

import hashlib
import json
import os

NOTES = "/the-notes-of-the-fuzzer"

notes = []
token = []
"""Drawn by the first request for the notes, not while importing: a snapshot would share it."""


def application(environ, start_response):
    """The target, as text."""
    target = environ["REQUEST_URI"]
    if target == NOTES:
        text = take()
    else:
        note = {"port": int(environ["REMOTE_PORT"]), "method": environ["REQUEST_METHOD"]}
        notes.append(note | {"target": target, "state": "entered", "length": 0, "sha256": ""})
        notes[-1].update(read(environ["wsgi.input"], target))
        text = target
    start_response("200 OK", [("Content-Type", "text/plain")])
    data = text.encode("latin-1")
    return pieces(data) if "streams" in target else [data]


def take():
    """The notes since the last time."""
    if not token:
        token.append(os.urandom(8).hex())
    text = json.dumps({"token": token[0], "notes": notes})
    notes.clear()
    return text


def read(stream, target):
    """How reading the body ended, and what was read until then."""
    if "unread" in target:
        return {"state": "unread"}
    state = "read"
    length = 0
    digest = hashlib.sha256()
    take_some = stream.readline if "lines" in target else lambda: stream.read(4096)
    try:
        while part := take_some():
            length += len(part)
            digest.update(part)
    except OSError:
        state = "broken"
    return {"state": state, "length": length, "sha256": digest.hexdigest()}


def pieces(data):
    """A third at a time."""
    step = len(data) // 3 + 1
    for start in range(0, len(data), step):
        yield data[start : start + step]
