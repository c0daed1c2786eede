"""Responses that are sent while they are made: Server-Sent Events, a count, a large download."""

import time
from urllib.parse import parse_qs

PIECE = bytes(range(256)) * 256  # 64 KiB
PAGE = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Streaming</title>
<h1>Streaming</h1>
<p><a href="/count?to=100">Count to 100</a>, <a href="/download?bytes=10000000">download 10 MB</a>
<p>The server's clock: <output></output>
<script>
  const events = new EventSource('/events?count=60')
  events.onmessage = ({ data }) => { document.querySelector('output').textContent = data }
  events.onerror = () => events.close()
</script>
</html>
"""


def application(environ, start_response):
    """Choose by path."""
    query = {name: values[-1] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
    path = environ["PATH_INFO"]
    if path == "/":
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [PAGE]
    try:
        if path == "/events":
            return events(start_response, int(query.get("count", 10)), float(query.get("every", 1)))
        if path == "/count":
            return count(start_response, int(query.get("to", 10)))
        if path == "/download":
            return download(start_response, int(query.get("bytes", 1_000_000)))
    except ValueError as error:
        return refuse(start_response, "400 Bad Request", str(error))
    return refuse(start_response, "404 Not Found", f"there is nothing at {path}")


def events(start_response, times, seconds):
    """Server-Sent Events: the time of day, `times` times, one every so many `seconds`."""
    start_response("200 OK", [("Content-Type", "text/event-stream"), ("Cache-Control", "no-store")])
    for number in range(1, times + 1):
        if number > 1:
            time.sleep(seconds)
        yield f"id: {number}\ndata: {time.strftime('%H:%M:%S')}\n\n".encode()


def count(start_response, last):
    """One number a line."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (b"%d\n" % number for number in range(1, last + 1))


def download(start_response, size):
    """`size` bytes, of which at most a piece is ever in memory."""
    start_response(
        "200 OK",
        [
            ("Content-Type", "application/octet-stream"),
            ("Content-Length", str(size)),
            ("Content-Disposition", 'attachment; filename="download.bin"'),
        ],
    )
    whole, rest = divmod(size, len(PIECE))
    for _ in range(whole):
        yield PIECE
    yield PIECE[:rest]


def refuse(start_response, status, reason):
    """A short answer of plain text."""
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [f"{status[4:]}: {reason}\n".encode()]
