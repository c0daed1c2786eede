"""Keeps what belongs to a request and uses it in the next one."""

from gallery.journal import note
from gallery.telling import PLAIN

kept = []


def application(environ, start_response):
    while kept:
        name, use = kept.pop()
        try:
            use()
        except Exception:
            note(f"{name} raised")
        else:
            note(f"{name} went on")
    write = start_response("200 OK", [PLAIN])
    if environ["QUERY_STRING"] == "keep":
        hints = environ.get("wsgi.early_hints", lambda headers: None)
        kept.append(("write", lambda: write(b"stolen")))
        kept.append(("start_response", lambda: start_response("500 Stolen", [PLAIN])))
        failure = (ValueError, ValueError("late"), None)
        kept.append(("restart", lambda: start_response("500 Stolen", [PLAIN], failure)))
        kept.append(("early_hints", lambda: hints([("Link", "</stolen>")])))
    return [b"its own"]
