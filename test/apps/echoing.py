"""Does what the header X-Plan asks for, in JSON: tells what it was given, echoes it, or responds as told.

Every text is Latin-1, so that a byte is a character on both sides.
"""

import hashlib
import json

closed = {}
"""How often close() was called, by the number of the plan."""


def application(environ, start_response):
    """`do` in the plan is tell, echo, respond or closes."""
    plan = json.loads(environ["HTTP_X_PLAN"])
    if plan["do"] == "echo":
        start_response("200 OK", [("Content-Type", "application/octet-stream")])
        return echo(environ["wsgi.input"], plan)
    if plan["do"] == "respond":
        return respond(json.loads(environ["wsgi.input"].read()), start_response)
    if plan["do"] == "closes":
        return answer(environ, start_response, closed)
    return answer(environ, start_response, tell(environ, plan))


def answer(environ, start_response, value):
    """The value as JSON; to HEAD it goes into a header."""
    text = json.dumps(value)
    headers = [("Content-Type", "application/json")]
    if environ["REQUEST_METHOD"] == "HEAD":
        headers.append(("X-Told", text))
    start_response("200 OK", headers)
    return [text.encode()]


def tell(environ, plan):
    """The environ, and how long each of the planned reads was."""
    stream = environ["wsgi.input"]
    taken = []
    lengths = []
    for operation in plan["reads"]:
        result = read(stream, operation)
        taken.extend(result)
        lengths.append([len(part) for part in result])
    taken.extend(rest(stream, plan["piece"]))
    body = b"".join(taken)
    return {
        "dict": type(environ) is dict,
        "environ": {name: value for name, value in environ.items() if type(value) is str},
        "terminated": environ.get("wsgi.input_terminated"),
        "lengths": lengths,
        "after": len(stream.read()) + len(stream.readline()) + len(list(stream)),
        "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def echo(stream, plan):
    """Yields what each of the planned reads gave, then the rest."""
    for operation in plan["reads"]:
        yield b"".join(read(stream, operation))
    yield from rest(stream, plan["piece"])


def read(stream, operation):
    """One planned read, `[method]` or `[method, argument]`; always a list."""
    method, *arguments = operation
    if method == "next":
        return [next(stream, b"")]
    result = getattr(stream, method)(*arguments)
    return result if isinstance(result, list) else [result]


def rest(stream, piece):
    """All that is left, `piece` bytes at a time."""
    while part := stream.read(piece):
        yield part


class Closing:
    """An iterable that counts how often it is closed."""

    def __init__(self, number, chunks):
        self.number = number
        self.chunks = chunks

    def __iter__(self):
        return iter(self.chunks)

    def close(self):
        """Count."""
        closed[self.number] = closed.get(self.number, 0) + 1


def respond(plan, start_response):
    """The status, headers and chunks of the plan, produced in the way it names."""
    status = plan["status"]
    headers = [(name, value) for name, value in plan["headers"]]
    chunks = [pattern(start, size) for start, size in plan["chunks"]]
    how = plan["how"]
    if how == "late":
        return Closing(plan["number"], late(start_response, status, headers, chunks))
    write = start_response(status, headers)
    if how == "write":
        for chunk in chunks:
            write(chunk)
        chunks = []
    elif how == "mixed":
        for chunk in chunks[: len(chunks) // 2]:
            write(chunk)
        chunks = chunks[len(chunks) // 2 :]
    if how == "list":
        return chunks
    if how == "tuple":
        return tuple(chunks)
    if how == "generator":
        return (chunk for chunk in chunks)
    return Closing(plan["number"], chunks)


def late(start_response, status, headers, chunks):
    """Calls start_response only when it is asked for the first chunk."""
    start_response(status, headers)
    yield from chunks


def pattern(start, size):
    """`size` bytes that count up from `start`."""
    turn = bytes(range(start, 256)) + bytes(range(start))
    return (turn * (size // 256 + 1))[:size]
