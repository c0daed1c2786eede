"""Leaves something behind everywhere: `/litter` opens, writes, holds JavaScript, and moves."""

import os

hoard = []
os.makedirs("/tmp/kept", exist_ok=True)
with open("/tmp/kept/file", "w") as kept:
    kept.write("as it was captured")
os.chdir("/tmp/kept")


def application(environ, start_response):
    """Litter, unless it is a warm-up request."""
    if environ["PATH_INFO"] == "/litter":
        litter()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]


def litter():
    """Change what a wipe has to put back."""
    import pyodide_js
    from pyodide.ffi import to_js

    hoard.append(bytearray(1_000_000))
    hoard.append(to_js([1, 2, 3]))
    hoard.append(pyodide_js.FS)
    hoard.append(open("/tmp/left-open", "w"))
    with open("/tmp/kept/file", "a") as file:
        file.write(", and changed")
    os.chdir("/")
    os.rename("/tmp/kept", "/tmp/moved")
