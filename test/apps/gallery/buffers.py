"""Gives what holds bytes but is none."""

from array import array

from gallery.telling import PLAIN, told

KINDS = {
    "bytearray": lambda: bytearray(b"bytes"),
    "memoryview": lambda: memoryview(b"bytes"),
    "array": lambda: array("B", b"bytes"),
}


def application(environ, start_response):
    kind, way = told(environ)
    item = KINDS[kind]()
    write = start_response("200 OK", [PLAIN])
    if way == "write":
        write(item)
    return iter([item, b"more"]) if way == "item" else [item]
