"""Does what an hour of traffic does: answers, streams, reads, and sometimes fails as the path says."""

import os
import time

HOARD_BYTES = 1 << 20


def application(environ, start_response):
    """Answer `/work`, `/stream` and `/upload`; `/late`, `/memory` and `/abort` are what goes wrong."""
    path = environ["PATH_INFO"]
    if path == "/late":
        time.sleep(3600)
    if path == "/spin":
        while True:
            pass
    if path == "/memory":
        hoard = []
        while True:
            hoard.append(bytearray(HOARD_BYTES))
    if path == "/abort":
        os.abort()
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    if path == "/stream":
        return (bytes(4096) for _ in range(64))
    if path == "/upload":
        return [str(len(environ["wsgi.input"].read())).encode()]
    return [b"worked" * 10]
