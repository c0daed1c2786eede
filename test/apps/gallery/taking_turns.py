"""Sends something and goes on only when the client has answered it."""

from gallery.telling import PLAIN, told

ANSWER_BYTES = 100_000


def application(environ, start_response):
    way, headers = told(environ)
    write = start_response("200 OK", [PLAIN, *headers])
    turns = _turns(environ["wsgi.input"])
    if way == "yielded":
        return turns
    for turn in turns:
        write(turn)
    return []


def _turns(answers):
    yield b"your turn;"
    yield b"thanks for %d;" % len(answers.read(ANSWER_BYTES))
