"""Reads request bodies in several ways, and notes in /data how each reading ended."""

import os

PIECE = 64 * 1024


def application(environ, start_response):
    """`/ignore` reads nothing, `/swallow` hides that reading failed, all else just reads."""
    path = environ["PATH_INFO"]
    if path == "/ignore":
        return answer(start_response, "nothing was read")
    if path == "/swallow":
        try:
            return answer(start_response, f"read {read(environ, path)}")
        except Exception as error:
            note(path, f"swallowed {type(error).__name__}")
            start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
            return [b"it failed\n"]
    return answer(start_response, f"read {read(environ, path)}")


def read(environ, path):
    """The length of the body, read piece by piece."""
    stream = environ["wsgi.input"]
    length = 0
    print(f"reading {path}")
    try:
        while piece := stream.read(PIECE):
            length += len(piece)
            if length == len(piece):
                print(f"first piece of {path}")
    except BaseException as error:
        kind = "OSError" if isinstance(error, OSError) else "no OSError"
        note(path, f"{type(error).__name__} ({kind})")
        raise
    note(path, f"read {length}")
    return length


def note(path, text):
    """One line in /data/notes, if there is such a folder."""
    if os.path.isdir("/data"):
        with open("/data/notes", "a") as notes:
            notes.write(f"{path} {text}\n")
    print(f"noted {path} {text}")


def answer(start_response, text):
    """A line of text."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode() + b"\n"]
