"""Says on its log that it has begun, then answers only once a file is there."""

import os
import time


def application(environ, start_response):
    """Wait for the file in /data that the query names."""
    name = environ["QUERY_STRING"]
    print(f"waiting for {name}", file=environ["wsgi.errors"])
    while not os.path.exists(f"/data/{name}"):
        time.sleep(0.02)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"answered\n"]
