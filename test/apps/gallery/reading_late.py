"""Sends something before it reads its body, and then what it has read."""

from gallery.journal import note


def application(environ, start_response):
    """`X-Size` is how much each read asks for; 4 unless told."""
    size = int(environ.get("HTTP_X_SIZE", "4"))
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"reading;")
    while piece := read(environ["wsgi.input"], size):
        write(b"[" + piece + b"]")
    note("read to the end")
    return []


def read(stream, size):
    """One read; what it fails with is noted."""
    try:
        return stream.read(size)
    except Exception as error:
        note(f"reading {'OSError' if isinstance(error, OSError) else type(error).__name__}")
        raise
