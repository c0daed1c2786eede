"""Holds on to what no capture can carry. Names in the environment say to what."""

import os

HELD = []


async def forever():
    """A task that does not end."""
    import asyncio

    await asyncio.get_running_loop().create_future()


def hold_data_file():
    """A file that others can change, open for writing."""
    global LOG
    LOG = open("/data/log.txt", "w")


def hold_unlinked_file():
    """A file that has no name any more."""
    global NAMELESS
    NAMELESS = open("/tmp/nameless", "w+")
    os.unlink("/tmp/nameless")


def hold_socket():
    """A socket that leads nowhere."""
    global SOCKET
    import socket

    SOCKET = socket.socket()


def hold_task():
    """A task of the one loop that the host drives."""
    from pyodide.webloop import WebLoop

    HELD.append(WebLoop().create_task(forever(), name="a task that waits"))


def hold_object():
    """An object of JavaScript's."""
    from pyodide.ffi import to_js

    HELD.append(to_js([1, 2, 3]))


def hold_proxy():
    """A function of Python's that JavaScript can call."""
    from pyodide.ffi import create_proxy

    HELD.append(create_proxy(forever))


def hold_callback():
    """A function of Python's that C can call."""
    import ctypes

    HELD.append(ctypes.CFUNCTYPE(ctypes.c_int)(three))


def three():
    """What C would call."""
    return 3


KINDS = {
    "DATA_FILE": hold_data_file,
    "UNLINKED_FILE": hold_unlinked_file,
    "SOCKET": hold_socket,
    "TASK": hold_task,
    "OBJECT": hold_object,
    "PROXY": hold_proxy,
    "CALLBACK": hold_callback,
}

for name, hold in KINDS.items():
    if name in os.environ:
        hold()


def application(environ, start_response):
    """Say that all is well."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"served\n"]
