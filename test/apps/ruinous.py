"""Does to its interpreter what the path names. `/quick` does nothing of the kind."""

import os
import re
import sys
import time

from pyodide.ffi import to_js

KEPT = []


def application(environ, start_response):
    """Say on standard output that it has begun, do it, and answer if that is still possible."""
    name = environ["PATH_INFO"].strip("/")
    if name != "quick":
        print(f"begun {name}")
        sys.stdout.flush()
        RUIN[name]()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wasgi.worker"].encode()]


def loop():
    while True:
        pass


def recurse():
    recurse()


def recurse_deeper():
    sys.setrecursionlimit(10**9)
    recurse()


def fill_memory():
    hoard = []
    while True:
        hoard.append(bytearray(1 << 20))


def fill_tmp():
    number = 0
    while True:
        number += 1
        with open(f"/tmp/{number}", "wb") as file:
            file.write(bytes(1 << 20))


def generate():
    for number in range(1 << 20):
        KEPT.append(counting(number))
        next(KEPT[-1])


def counting(number):
    while True:
        yield number
        number += 1


def fill_javascript():
    piece = bytes(1 << 20)
    while True:
        KEPT.append(to_js(piece))


def fill_javascript_heap():
    while True:
        KEPT.append(to_js([f"{number} is a string" for number in range(10_000)]))


def close_streams():
    sys.stdout.close()
    sys.stderr.close()
    os.close(1)


RUIN = {
    "say": lambda: None,
    "loop": loop,
    "sleep": lambda: time.sleep(10**6),
    "regex": lambda: re.match(r"(a+)+$", "a" * 64 + "b"),
    "sum": lambda: sum(range(10**11)),
    "recurse": recurse,
    "recurse_deeper": recurse_deeper,
    "fill_memory": fill_memory,
    "fill_tmp": fill_tmp,
    "generate": generate,
    "fill_javascript": fill_javascript,
    "fill_javascript_heap": fill_javascript_heap,
    "close_streams": close_streams,
}
