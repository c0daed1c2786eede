"""Takes a file and answers its length and SHA-256. It reads in pieces, so the file may be of any size.

A browser sends the form as multipart/form-data; `curl -T FILE` sends nothing but the file.
"""

import hashlib
import json
from email.message import Message

PIECE = 64 * 1024
FORM = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Upload</title>
<h1>Upload</h1>
<form method="post" enctype="multipart/form-data">
  <input type="file" name="file" required>
  <button>Send</button>
</form>
</html>
"""


def application(environ, start_response):
    """GET shows a form, POST and PUT take a file."""
    method = environ["REQUEST_METHOD"]
    if method in ("GET", "HEAD"):
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [FORM]
    if method not in ("POST", "PUT"):
        headers = [("Content-Type", "text/plain"), ("Allow", "GET, HEAD, POST, PUT")]
        start_response("405 Method Not Allowed", headers)
        return [b"Use GET, POST or PUT.\n"]
    try:
        answer = digest(body_of(environ))
    except ValueError as error:
        start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{error}\n".encode()]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode() + b"\n"]


def digest(pieces):
    """The length and the SHA-256 of all pieces."""
    length, sha256 = 0, hashlib.sha256()
    for piece in pieces:
        length += len(piece)
        sha256.update(piece)
    return {"length": length, "sha256": sha256.hexdigest()}


def body_of(environ):
    """The pieces of the file, however it was sent."""
    stream = environ["wsgi.input"]
    content_type = Message()
    content_type["Content-Type"] = environ.get("CONTENT_TYPE") or "application/octet-stream"
    if content_type.get_content_type() != "multipart/form-data":
        return iter(lambda: stream.read(PIECE), b"")
    boundary = content_type.get_boundary()
    if boundary is None:
        raise ValueError("The multipart body has no boundary.")
    return first_part(stream, b"--" + boundary.encode())


def first_part(stream, delimiter):
    """The content of the first part, without the line break that belongs to the delimiter after it."""
    if stream.readline(PIECE).rstrip() != delimiter:
        raise ValueError("The multipart body does not begin with its boundary.")
    while stream.readline(PIECE).strip():
        pass  # the part's header
    held, line_begins = b"", True
    while line := stream.readline(PIECE):
        if line_begins and line.rstrip() in (delimiter, delimiter + b"--"):
            while stream.read(PIECE):
                pass  # what follows is other fields
            return
        line_begins = line.endswith(b"\n")
        line = held + line
        keep = 2 if line.endswith(b"\r\n") else int(line.endswith(b"\r"))
        yield line[: len(line) - keep]
        held = line[len(line) - keep :]
    raise ValueError("The multipart body ends before its boundary.")
