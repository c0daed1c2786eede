"""Says that it is about to end, and can be made to end in several ways. `/slow`, `/deaf` and `/broken`
say how it is to behave then."""

import atexit
import sys
import time

import mod_wsgi

behaviour = [""]


@mod_wsgi.subscribe_shutdown
def told(name, shutdown_reason):
    print(f"told of {name} because of {shutdown_reason}", flush=True)
    if behaviour[0] == "/slow":
        time.sleep(0.05)
        print("slept before the end", flush=True)
    if behaviour[0] == "/deaf":
        time.sleep(1_000_000)
    if behaviour[0] == "/endless":
        while True:
            pass
    if behaviour[0] == "/broken":
        raise MemoryError("in a farewell")


@atexit.register
def last():
    print("told by atexit", flush=True)
    if behaviour[0] == "/broken":
        sys.exit("atexit in trouble")


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/hog":
        raise MemoryError("all of it")
    if path == "/burn":
        start = time.monotonic()
        while time.monotonic() - start < 0.3:
            pass
    if path == "/hang":
        time.sleep(1_000_000)
    behaviour[0] = path
    print(f"asked for {path}", flush=True)
    body = str(len(behaviour)).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
