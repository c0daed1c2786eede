"""Reads its body, then answers with how long it was and which keys the environ has."""

import json

from gallery.telling import PLAIN


def application(environ, start_response):
    size = 0
    while piece := environ["wsgi.input"].read(1000):
        size += len(piece)
    start_response("200 OK", [PLAIN])
    return [json.dumps({"size": size, "keys": sorted(environ)}).encode()]
