"""Takes longer than it may, in the way that the path names. Says how that ended on standard output."""

import asyncio
import contextlib
import fcntl
import re
import secrets
import time

from pyodide.ffi import run_sync
from pyodide.webloop import WebLoop

TOKEN = {"value": ""}
KEPT = []


def application(environ, start_response):
    """`/token` tells one interpreter from the next; every other path is late."""
    name = environ["PATH_INFO"].strip("/")
    if name == "token":
        TOKEN["value"] = TOKEN["value"] or secrets.token_hex(8)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [TOKEN["value"].encode()]
    print(f"begun {name}")
    try:
        return globals()[f"late_{name}"](environ, start_response)
    except BaseException as error:
        print(f"{name} ended by {type(error).__name__}")
        raise


def late_loop(_environ, _start_response):
    while True:
        pass


def late_swallowing(_environ, _start_response):
    while True:
        with contextlib.suppress(Exception):
            raise ValueError("an Exception is caught, which a timeout is not")


def late_sleep(_environ, _start_response):
    time.sleep(3600)


def late_naps(_environ, _start_response):
    while True:
        time.sleep(0.001)


def late_regex(_environ, _start_response):
    re.match(r"(a+)+$", "a" * 64 + "b")


def late_power(_environ, _start_response):
    return pow(7, 10**8)


def late_asyncio(_environ, _start_response):
    asyncio.run(asyncio.sleep(3600))


def late_webloop(_environ, _start_response):
    run_sync(WebLoop().create_future())


def late_besides(_environ, _start_response):
    """Waits while a callback waits, too, which is not late."""
    WebLoop().call_later(0.01, _wait_besides)
    run_sync(WebLoop().create_future())


def _wait_besides():
    loop = WebLoop()
    promise = loop.create_future()
    loop.call_later(1.5, promise.set_result, "came")
    try:
        print(f"besides: it {run_sync(promise)}")
    except BaseException as error:
        print(f"besides: lost to {error!r}")


def late_input(environ, _start_response):
    while environ["wsgi.input"].read(1 << 16):
        pass


def late_lock(_environ, _start_response):
    with open("/data/locked", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)


def late_record_lock(_environ, _start_response):
    with open("/data/locked", "w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)


def late_keeping(_environ, start_response):
    """Not late: it keeps both locks for as long as its interpreter lives."""
    file = open("/data/locked", "w")  # noqa: SIM115
    fcntl.flock(file, fcntl.LOCK_EX)
    fcntl.lockf(file, fcntl.LOCK_EX)
    KEPT.append(file)
    start_response("200 OK", [])
    return []


def late_sum(_environ, _start_response):
    sum(range(10**11))


def late_deaf(_environ, _start_response):
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(3600)


def late_recovering(_environ, start_response):
    try:
        time.sleep(3600)
    except BaseException as error:
        start_response("503 Later", [("X-Error", type(error).__name__)])
        return [b"better an answer than none"]


def late_careful(environ, start_response):
    """Computes for too long, and then waits for all that a request can wait for."""
    try:
        late_loop(environ, start_response)
    except BaseException:
        body = environ["wsgi.input"].read()
        loop = WebLoop()
        promise = loop.create_future()
        loop.call_later(0.01, promise.set_result, None)
        run_sync(promise)
        write = start_response("503 Later", [("X-Read", str(len(body)))])
        for _ in range(40):
            write(b"x" * 65536)
        return []


def late_stream(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"first"
    try:
        time.sleep(3600)
    finally:
        print("stream ended")


def late_output(_environ, start_response):
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    try:
        while True:
            yield b"x" * 65536
    finally:
        print("output ended")
