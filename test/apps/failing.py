"""Fails in the way that the path names. `/token` tells one interpreter from the next."""

import ctypes
import functools
import os
import secrets
import signal
import sys
import time


@functools.cache
def token():
    """Drawn by the first request, since what an import draws is the same in all interpreters."""
    return secrets.token_hex(8)


def application(environ, start_response):
    """Note in /data that the request has begun, then do what its path says."""
    name = environ["PATH_INFO"].strip("/")
    if os.path.isdir("/data"):
        with open("/data/runs", "a") as runs:
            runs.write(f"{name}?{environ['QUERY_STRING']}\n")
    print(f"begun {name}")
    if name in FAILURES:
        FAILURES[name]()
    start_response(
        "200 OK", [("Content-Type", "text/plain"), ("X-Worker", environ["wasgi.worker"])]
    )
    return [token().encode()]


def raise_error():
    raise ValueError("a detail that is nobody's business")


def exit_program():
    sys.exit("a program would end here")


def interrupt():
    raise KeyboardInterrupt


def recurse():
    recurse()


def fill_memory():
    hoard = []
    while True:
        hoard.append(bytearray(1 << 20))


def exit_process():
    os._exit(7)


def abort():
    os.abort()


def read_nowhere():
    ctypes.string_at(0xFFFFFF00, 4096)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def spin():
    while True:
        pass


def compute():
    sum(range(10**12))


def sleep():
    time.sleep(1000)


FAILURES = {
    "raise": raise_error,
    "exit": exit_program,
    "interrupt": interrupt,
    "recurse": recurse,
    "memory": fill_memory,
    "os-exit": exit_process,
    "abort": abort,
    "nowhere": read_nowhere,
    "kill": kill,
    "spin": spin,
    "compute": compute,
    "sleep": sleep,
}
