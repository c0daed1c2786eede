"""Answers a request that picks no application, and notes it: most such were never sent as one."""

from gallery.journal import note


def application(environ, start_response):
    """The note has the method and the target."""
    note(f"stray {environ['REQUEST_METHOD']} {environ['REQUEST_URI']}")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"stray\n"]
