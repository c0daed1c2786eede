"""Responses that go on only when the client has confirmed, through a file in /data, what it has got.

The query is a name of the test's choice. `/data/NAME-N` confirms chunk N; `/data/NAME-closed` gets a
line each time the response is closed, `/data/NAME-produced` tells how many bytes were produced.
"""

import os
import time

PIECE = bytes(range(256)) * 64  # 16 KiB


def application(environ, start_response):
    """Choose by path."""
    name = environ["QUERY_STRING"]
    return RESPONSES[environ["PATH_INFO"]](name, start_response)


def wait_for(path):
    """Until the client has made the file."""
    while not os.path.exists(path):
        time.sleep(0.005)


def iterated(name, start_response):
    """Each chunk waits for the confirmation of the one before it."""
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    for number in range(1, 6):
        yield b"data: %d\n\n" % number
        wait_for(f"/data/{name}-{number}")


def written(name, start_response):
    """The same with write(): what it was given is on its way when it returns."""
    write = start_response("200 OK", [("Content-Type", "text/event-stream")])
    for number in range(1, 6):
        write(b"data: %d\n\n" % number)
        wait_for(f"/data/{name}-{number}")
    return []


class Endless:
    """A response without end that keeps account of itself."""

    def __init__(self, name):
        self.name = name
        self.produced = 0
        self.account = os.open(f"/data/{name}-produced", os.O_CREAT | os.O_WRONLY)

    def __iter__(self):
        return self

    def __next__(self):
        self.produced += len(PIECE)
        os.pwrite(self.account, b"%20d" % self.produced, 0)
        return PIECE

    def close(self):
        os.close(self.account)
        note_closed(self.name)


def endless(name, start_response):
    """More than anybody will read."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return Endless(name)


def endless_writes(name, start_response):
    """The same with write(), which then raises."""
    write = start_response("200 OK", [("Content-Type", "application/octet-stream")])
    pieces = Endless(name)
    try:
        for piece in pieces:
            write(piece)
    finally:
        pieces.close()


def long_wait(name, start_response):
    """An event, then signs of life until the client confirms it, or is gone."""
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    try:
        yield b"data: first\n\n"
        while not os.path.exists(f"/data/{name}-1"):
            time.sleep(0.005)
            yield b": still here\n\n"
    finally:
        note_closed(name)


def note_closed(name):
    """One line for each time."""
    with open(f"/data/{name}-closed", "a") as closed:
        closed.write("closed\n")
    print(f"closed {name}")


def quick(name, start_response):
    """An answer at once, to see whether the worker is free."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"free\n"]


RESPONSES = {
    "/iterated": iterated,
    "/written": written,
    "/endless": endless,
    "/endless-writes": endless_writes,
    "/long-wait": long_wait,
    "/quick": quick,
}
