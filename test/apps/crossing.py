"""Calls itself through JavaScript, as deep as the path says, and tells whether it got there."""

import sys

from pyodide.ffi import create_proxy, to_js

sys.setrecursionlimit(1_000_000)


class Crossing:
    """What goes wrong is caught where it does: on the way out each level would describe it anew."""

    def __init__(self):
        self.failure = None

    def go(self, left):
        if left == 0 or self.failure is not None:
            return
        try:
            to_js([left - 1]).forEach(create_proxy(lambda value, *_rest: self.go(value)))
        except Exception as error:
            self.failure = self.failure or type(error).__name__


def application(environ, start_response):
    crossing = Crossing()
    crossing.go(int(environ["PATH_INFO"].strip("/")))
    said = "came back" if crossing.failure is None else f"failed: {crossing.failure}"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['wasgi.worker']} {said}".encode()]
