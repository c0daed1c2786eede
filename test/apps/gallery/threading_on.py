"""Starts a thread, which there is none of, and answers with what comes of that."""

import threading

from gallery.journal import note
from gallery.telling import PLAIN


def application(environ, start_response):
    try:
        threading.Thread(target=note, args=["the thread ran"]).start()
        outcome = "started"
    except RuntimeError:
        outcome = "RuntimeError"
    note("the request ran")
    start_response("200 OK", [PLAIN])
    return [outcome.encode()]
