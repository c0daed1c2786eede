"""Reads its body piece by piece, and answers with its length and its SHA-256."""

import hashlib
import json

PIECE = 10_007


def application(environ, start_response):
    """The pieces are of a size that no buffer has."""
    digest = hashlib.sha256()
    length = 0
    while piece := environ["wsgi.input"].read(PIECE):
        digest.update(piece)
        length += len(piece)
    body = json.dumps({"length": length, "sha256": digest.hexdigest()}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
