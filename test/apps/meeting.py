"""Two requests, `/a` and `/b`, that wait for each other: each answers once the other has begun."""

import time
from pathlib import Path


def application(environ, start_response):
    me = environ["PATH_INFO"].strip("/")
    other = {"a": "b", "b": "a"}[me]
    Path("/data", me).touch()
    while not Path("/data", other).exists():
        time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{me} met {other}\n".encode()]
