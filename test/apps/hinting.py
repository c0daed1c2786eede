"""Sends early hints in every way, right and wrong. The path names the way."""

import os
import time

STYLE = ("Link", "</style.css>; rel=preload; as=style")
SCRIPT = ("Link", '</script.js>; rel="preload"; as=script; title="a, b"')
HOSTILE = [
    [("Link", "a\r\nSet-Cookie: b")],
    [("Link", "a\nb")],
    [("Link", "a\0b")],
    [("Link", "\u20ac")],
    [("Li nk", "a")],
    [("Link:", "a")],
    [("", "a")],
    [("Transfer-Encoding", "chunked")],
    [("Content-Length", "5")],
    [("Connection", "close")],
    [("Link", b"a")],
    [["Link", "a"]],
    (("Link", "a"),),
]
FORGED = [
    b"Link\na\r\n\r\nHTTP/1.1 200 OK",
    b"Transfer-Encoding\nchunked",
    b"Content-Length\n5",
    b"Link:\na",
    b"\na",
    b"Link\n" + b"a" * 20_000,
]
kept = []


def one(hints, environ, start_response):
    """The response comes only when the test wants it."""
    hints([STYLE])
    while not os.path.exists("/data/released"):
        time.sleep(0.01)
    return answer(start_response)


def several(hints, environ, start_response):
    """Repeated headers, headers other than Link, and one between start_response and the body."""
    hints([STYLE, SCRIPT])
    hints([("X-Other", "caf\xe9")])
    body = answer(start_response)
    hints([("Link", "</late>")])
    return body


def late(hints, environ, start_response):
    """Hints where the head has gone out."""
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"first, ")
    hints([STYLE])
    yield b"second, "
    hints([STYLE])
    yield b"third"


def hostile(hints, environ, start_response):
    """Tells how each was refused."""
    told = []
    for headers in HOSTILE:
        try:
            hints(headers)
            told.append("nothing")
        except Exception as error:
            told.append(type(error).__name__)
    return answer(start_response, " ".join(told))


def uncaught(hints, environ, start_response):
    """The refusal is the application's failure."""
    hints([("Link", "a\r\nb")])
    return answer(start_response)


def many(hints, environ, start_response):
    """More than are sent."""
    for number in range(40):
        hints([("Link", f"</{number}>")])
    return answer(start_response)


def keep(hints, environ, start_response):
    """Uses those of all requests before, and its own never."""
    for other in kept:
        other([STYLE])
    kept.append(hints)
    return answer(start_response)


def forge(hints, environ, start_response):
    """Goes around Python's gateway, which is no wall."""
    import _wasgi_host
    from wasgi import boundary

    taken = []
    for lines in FORGED:
        boundary.response_buffer[: len(lines)] = lines
        taken.append(_wasgi_host.send(4, len(lines)))
    for _ in range(40):
        boundary.response_buffer[:6] = b"Link\na"
        taken.append(_wasgi_host.send(4, 6))
    return answer(start_response, str(sum(taken)))


def answer(start_response, text="done"):
    """A line of text."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]


WAYS = {way.__name__: way for way in (one, several, late, hostile, uncaught, many, keep, forge)}


def application(environ, start_response):
    """See WAYS."""
    way = WAYS[environ["PATH_INFO"].strip("/")]
    return way(environ["wsgi.early_hints"], environ, start_response)
