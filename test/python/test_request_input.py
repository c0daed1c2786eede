"""`wsgi.input` with the body at hand, and with one that comes in pieces."""

import io
import unittest
from typing import Any

from fake_host import FakeHost, environ_of, exchange, gateway_of, request
from wasgi.errors import BodyTooLarge, BodyTooSlow
from wasgi.request_input import RequestInput

BODY = b"first line\nsecond\n\nlast, without an end"


def inputs(body: bytes) -> list[tuple[str, RequestInput]]:
    """The same body in every way it can arrive."""
    pieces = [body[at : at + 1] for at in range(len(body))]
    return [
        ("at hand", RequestInput(FakeHost(), body)),
        ("in one piece", RequestInput(FakeHost(pieces=[body]), None)),
        ("byte by byte", RequestInput(FakeHost(pieces=pieces), None)),
        ("cut in two", RequestInput(FakeHost(pieces=[body[:14], body[14:]]), None)),
    ]


class LikeAFile(unittest.TestCase):
    """Whatever is asked, the answers are those of io.BytesIO."""

    def compare(self, *calls: tuple[str, tuple[Any, ...]]) -> None:
        for name, stream in inputs(BODY):
            with self.subTest(name):
                file = io.BytesIO(BODY)

                answers = [getattr(stream, method)(*args) for method, args in calls]

                self.assertEqual(answers, [getattr(file, method)(*args) for method, args in calls])

    def test_read_to_the_end(self) -> None:
        self.compare(("read", ()), ("read", ()), ("read", (5,)))

    def test_read_none_and_minus_one_to_the_end(self) -> None:
        self.compare(("read", (3,)), ("read", (None,)))
        self.compare(("read", (3,)), ("read", (-1,)))

    def test_read_fills_the_size_it_is_given(self) -> None:
        self.compare(("read", (4,)), ("read", (20,)), ("read", (1000,)), ("read", (1,)))

    def test_read_zero_takes_nothing(self) -> None:
        self.compare(("read", (0,)), ("read", (5,)), ("read", (0,)), ("read", ()))

    def test_readline(self) -> None:
        self.compare(*[("readline", ())] * 6)

    def test_readline_with_a_size(self) -> None:
        self.compare(("readline", (4,)), ("readline", (100,)), ("readline", (0,)),
                     ("readline", (7,)), ("readline", (1,)), ("readline", (-1,)))  # fmt: skip

    def test_readlines(self) -> None:
        self.compare(("readlines", ()))
        self.compare(("readlines", (None,)))
        self.compare(("readlines", (12,)), ("readlines", (1,)), ("readlines", (0,)))

    def test_lines_and_bytes_in_turn(self) -> None:
        self.compare(("readline", ()), ("read", (3,)), ("readline", ()), ("read", ()))

    def test_a_size_that_is_no_integer_spoils_nothing(self) -> None:
        stream = RequestInput(FakeHost(), BODY)

        with self.assertRaises(TypeError):
            stream.read(1.5)  # type: ignore[arg-type]

        self.assertEqual(stream.read(), BODY)

    def test_iteration(self) -> None:
        for name, stream in inputs(BODY):
            with self.subTest(name):
                self.assertEqual(list(stream), list(io.BytesIO(BODY)))

    def test_an_empty_body(self) -> None:
        for name, stream in inputs(b""):
            with self.subTest(name):
                self.assertEqual((stream.read(), stream.readline(), list(stream)), (b"", b"", []))


class Ends(unittest.TestCase):
    def test_the_end_is_asked_for_once(self) -> None:
        host = FakeHost(pieces=[b"abc", b"", b"of another request"])
        stream = RequestInput(host, None)

        self.assertEqual((stream.read(), stream.read(), stream.read(4)), (b"abc", b"", b""))

    def test_a_body_that_breaks_off_is_an_error_and_stays_one(self) -> None:
        stream = RequestInput(FakeHost(pieces=[b"abc", -1]), None)

        with self.assertRaises(OSError):
            stream.read()
        with self.assertRaises(OSError):
            stream.readline()

    def test_what_came_before_the_break_can_be_read(self) -> None:
        stream = RequestInput(FakeHost(pieces=[b"abc", -1]), None)

        self.assertEqual(stream.read(3), b"abc")

    def test_a_body_that_is_too_large_is_an_error_but_no_oserror(self) -> None:
        stream = RequestInput(FakeHost(pieces=[b"abc", -2]), None)

        with self.assertRaises(BodyTooLarge) as caught:
            stream.read()
        self.assertNotIsInstance(caught.exception, OSError)

    def test_it_cannot_be_used_after_its_request(self) -> None:
        kept: list[Any] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            kept.append(environ["wsgi.input"])
            start_response("200 OK", [])
            return []

        request(application, body=b"unread")

        for method in ("read", "readline", "readlines", "__next__"):
            with self.assertRaisesRegex(RuntimeError, "after its request had ended"):
                getattr(kept[0], method)()


class Requests(unittest.TestCase):
    def test_a_body_that_is_too_large_is_the_clients_413(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            environ["wsgi.input"].read()
            return []

        reply = request(application, FakeHost(pieces=[b"x", -2]), body=None)

        self.assertEqual((reply.outcome, reply.text), (4 | 32, "413"))

    def test_a_500_that_a_framework_makes_of_it_is_still_the_clients_413(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            try:
                environ["wsgi.input"].read()
            except Exception:
                start_response("500 Oops", [])
            return [b"page"]

        reply = request(application, FakeHost(pieces=[b"x", -2]), body=None)

        self.assertEqual((reply.outcome, reply.text), (4 | 32, "413"))

    def test_a_page_of_its_own_for_it_is_the_applications_right(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            try:
                environ["wsgi.input"].read()
            except Exception:
                start_response("413 Too Much", [])
            return [b"page"]

        reply = request(application, FakeHost(pieces=[b"x", -2]), body=None)

        self.assertEqual((reply.outcome, reply.body), (0, b"page"))

    def test_a_body_that_is_too_slow_is_an_os_error_and_the_clients_408(self) -> None:
        caught: list[BaseException] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            for _ in range(2):
                try:
                    environ["wsgi.input"].read()
                except OSError as error:
                    caught.append(error)
            raise ValueError("it gave up")

        reply = request(application, FakeHost(pieces=[b"x", -4]), body=None)

        self.assertEqual((reply.outcome, reply.text), (4 | 32, "408"))
        self.assertEqual([type(error) for error in caught], [BodyTooSlow] * 2)

    def test_reading_nothing_lets_a_client_go_on_that_waits_for_it(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            nothing = environ["wsgi.input"].read(0) + environ["wsgi.input"].read(0)
            sent.append(list(host.sent))
            start_response("200 OK", [])
            return [nothing + environ["wsgi.input"].read()]

        sent: list[list[tuple[int, bytes]]] = []
        bodies = []
        for headers in ({}, {"HTTP_EXPECT": "100-continue"}):
            host = FakeHost(pieces=[b"x", b"y"])
            environ = environ_of() | headers
            bodies.append(request(application, host, environ, body=None).body)

        self.assertEqual((sent, bodies), ([[], [(5, b"")]], [b"xy", b"xy"]))

    def test_forbidden_trailers_are_an_os_error_and_the_clients_400(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            environ["wsgi.input"].read()
            return [b"page"]

        reply = request(application, FakeHost(pieces=[b"x", -5]), body=None)

        self.assertEqual((reply.outcome, reply.text), (4 | 32, "400"))

    def test_what_a_framework_makes_of_a_slow_body_is_still_the_clients_408(self) -> None:
        for status in ("400 Bad Request", "500 Oops", "503 Later"):

            def application(
                environ: dict[str, Any], start_response: Any, status: str = status
            ) -> list[bytes]:
                try:
                    environ["wsgi.input"].read()
                except OSError:
                    start_response(status, [])
                return [b"page"]

            reply = request(application, FakeHost(pieces=[b"x", -4]), body=None)

            self.assertEqual((reply.outcome, reply.text), (4 | 32, "408"))

    def test_a_page_of_its_own_for_a_slow_body_is_the_applications_right(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            try:
                environ["wsgi.input"].read()
            except OSError:
                start_response("408 Hurry Up", [])
            return [b"page"]

        reply = request(application, FakeHost(pieces=[b"x", -4]), body=None)

        self.assertEqual((reply.outcome, reply.status, reply.body), (0, "408 Hurry Up", b"page"))

    def test_a_slow_body_after_the_head_breaks_the_response_off(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])(b"first")
            environ["wsgi.input"].read()
            return []

        reply = request(application, FakeHost(pieces=[b"x", -4]), body=None)

        self.assertEqual((reply.outcome, reply.body), (2, b"first"))
        self.assertIn("BodyTooSlow", reply.text)

    def test_a_client_that_left_while_it_was_read_gets_no_response(self) -> None:
        def ignoring(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            try:
                environ["wsgi.input"].read()
            except OSError:
                start_response("400 Bad Request", [])
            return [b"page"]

        def failing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            environ["wsgi.input"].read()
            return []

        for application in (ignoring, failing):
            reply = request(application, FakeHost(pieces=[b"x", -1]), body=None)

            self.assertEqual(reply.outcome, 3)

    def test_an_unread_body_does_not_reach_the_next_request(self) -> None:
        host = FakeHost()
        gateway = gateway_of(host, lambda e, s: [s("200 OK", []) and b"", e["wsgi.input"].read(2)])

        exchange(gateway, host, environ_of("POST"), b"abcdef")
        reply = exchange(gateway, host, environ_of("POST"), b"xyz")

        self.assertEqual(reply.body, b"xy")


if __name__ == "__main__":
    unittest.main()
