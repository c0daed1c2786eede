"""Does what the path says to the worker that it runs in; anything else is answered at once."""

import os
import time

from pyodide.webloop import WebLoop


def application(environ, start_response):
    """Answer with the name of the worker, after the deed."""
    deed = DEEDS.get(environ["PATH_INFO"])
    if deed is not None:
        deed(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wasgi.worker"].encode()]


def work(_query):
    """Wait for something else, as most applications do most of the time."""
    time.sleep(0.003)


def burn(_query):
    """Use the processor."""
    end = time.perf_counter() + 0.4
    while time.perf_counter() < end:
        pass


def crunch(_query):
    """Use it for so long without a pause that nothing else of the thread turns."""
    end = time.perf_counter() + 3
    while time.perf_counter() < end:
        pass


def block(_query):
    """Have the event loop stand still once the request is answered."""
    WebLoop().call_later(0.05, spin)


def stall(_query):
    """Have the event loop stand still while this request waits for it."""
    WebLoop().call_later(0.05, spin)
    time.sleep(0.1)


def spin():
    while True:
        pass


def wait(name):
    """Wait for a file in /data."""
    print(f"waiting for {name}")
    while not os.path.exists(f"/data/{name}"):
        time.sleep(0.02)


def end(_query):
    """Take the interpreter along."""
    os._exit(3)


DEEDS = {
    "/work": work,
    "/burn": burn,
    "/crunch": crunch,
    "/block": block,
    "/stall": stall,
    "/wait": wait,
    "/end": end,
}
