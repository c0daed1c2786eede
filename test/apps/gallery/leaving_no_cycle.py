"""Notes whether an exception that start_response was given is gone once nobody asks for it."""

import gc
import sys
import weakref

from gallery.journal import note
from gallery.telling import PLAIN


class Marked(Exception):
    """One that can be watched."""


def application(environ, start_response):
    write = start_response("200 OK", [PLAIN])
    if environ["QUERY_STRING"] == "sent":
        write(b"begun")
    # Counting references is enough to free what is not in a cycle.
    gc.disable()
    try:
        watch = _watch(start_response)
        note("gone" if watch() is None else "still there")
    finally:
        gc.enable()
    return []


def _watch(start_response):
    error = Marked()
    watch = weakref.ref(error)
    try:
        raise error
    except Marked:
        try:
            start_response("500 Internal Server Error", [PLAIN], sys.exc_info())
        except Marked:
            pass
    del error
    return watch
