"""wsgiref.validate between the gateway and applications of every shape finds nothing."""

import unittest
import warnings
from collections.abc import Iterator
from typing import Any
from wsgiref.validate import validator

from fake_host import FakeHost, environ_of, request

PLAIN = [("Content-Type", "text/plain")]


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", PLAIN)
    return [b"hello"]


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    stream = environ["wsgi.input"]
    body = [stream.read(2), stream.readline(), *stream.readlines(), stream.read(9)]
    start_response("200 OK", PLAIN)
    return body


def counting(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    start_response("200 OK", PLAIN)
    for number in range(3):
        yield b"%d" % number


def writing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    write = start_response("200 OK", PLAIN)
    write(b"written ")
    return [b"returned"]


def complaining(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    environ["wsgi.errors"].write("complaint\n")
    environ["wsgi.errors"].writelines(["two\n"])
    environ["wsgi.errors"].flush()
    start_response("200 OK", PLAIN)
    return [b""]


def absent(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("204 No Content", [])
    return []


class Validated(unittest.TestCase):
    def check(
        self, application: Any, environ: dict[str, str], body: bytes | None, expected: bytes
    ) -> None:
        host = FakeHost(pieces=[b"li", b"ne\nan", b"other"])
        with warnings.catch_warnings():
            warnings.simplefilter("error")

            reply = request(validator(application), host, environ, body)

        self.assertIn(reply.outcome, (0, 1), reply.text)
        self.assertEqual(reply.body, expected)

    def test_every_shape_of_application(self) -> None:
        for application, expected in (
            (hello, b"hello"),
            (counting, b"012"),
            (writing, b"written returned"),
            (complaining, b""),
            (absent, b""),
        ):
            with self.subTest(application.__name__):
                self.check(application, environ_of(), b"", expected)

    def test_bodies_at_hand_and_in_pieces(self) -> None:
        self.check(
            echo, environ_of("POST", CONTENT_LENGTH="12"), b"line\nanother", b"line\nanother"
        )
        self.check(echo, environ_of("POST"), None, b"line\nanother")

    def test_head(self) -> None:
        self.check(hello, environ_of("HEAD"), b"", b"")


if __name__ == "__main__":
    unittest.main()
