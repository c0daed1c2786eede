"""Warm-up requests: what the application sees, and that none of its failures gets out."""

import sys
import unittest
from typing import Any

from fake_host import FakeHost
from shapes import PLAIN, Closing, answering
from wasgi import warm_up
from wasgi.file_wrapper import FileWrapper

CONSTANTS: dict[str, Any] = {
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": False,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "wsgi.file_wrapper": FileWrapper,
}


def run(application: Any, *requests: str) -> list[str]:
    return warm_up.run(application, list(requests or ("GET /x",)), CONSTANTS, FakeHost())


class Environ(unittest.TestCase):
    def environ(self, request: str) -> dict[str, Any]:
        seen: list[dict[str, Any]] = []

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            seen.append(environ)
            return answering([b"ok"])(environ, start_response)

        self.assertEqual(run(application, request), [])
        return seen[0]

    def test_it_is_complete(self) -> None:
        from wsgiref.validate import validator

        application = answering([b"ok"], headers=[("Content-Type", "text/plain")])
        self.assertEqual(run(validator(application), "GET /", "POST /a%20b?c=d"), [])

    def test_the_request_is_taken_apart(self) -> None:
        environ = self.environ("post /caf%C3%A9/ü%2F?q=%20&ü=1#top")

        self.assertEqual(environ["REQUEST_METHOD"], "POST")
        self.assertEqual(environ["PATH_INFO"].encode("latin-1").decode(), "/café/ü/")
        self.assertEqual(environ["QUERY_STRING"].encode("latin-1").decode(), "q=%20&ü=1")
        expected = {"SCRIPT_NAME": "", "SERVER_NAME": "localhost", "SERVER_PORT": "80",
                    "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
                    "HTTP_HOST": "localhost", "wsgi.url_scheme": "http"}  # fmt: skip
        self.assertEqual({name: environ[name] for name in expected}, expected)

    def test_it_says_what_it_is(self) -> None:
        environ = self.environ("GET /")

        self.assertIs(environ["wasgi.warmup"], True)
        self.assertIs(environ["wsgi.file_wrapper"], FileWrapper)

    def test_there_is_no_body(self) -> None:
        self.assertEqual(self.environ("POST /")["wsgi.input"].read(), b"")

    def test_each_request_has_an_environ_of_its_own(self) -> None:
        seen = []

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            seen.append("mark" in environ)
            environ["mark"] = True
            return answering([b"ok"])(environ, start_response)

        run(application, "GET /", "GET /")

        self.assertEqual(seen, [False, False])


class Responses(unittest.TestCase):
    def test_they_are_read_to_their_end_and_closed(self) -> None:
        body = Closing([b"a", b"", b"b"])

        self.assertEqual(run(answering(body)), [])
        self.assertEqual((body.asked, body.closed), (3, 1))

    def test_statuses_from_500_are_reported(self) -> None:
        for status, faults in (
            ("200 OK", []),
            ("302 Found", []),
            ("404 Not Found", []),
            ("500 Internal Server Error", ["GET /x: answered 500 Internal Server Error"]),
            ("503 Busy", ["GET /x: answered 503 Busy"]),
        ):
            self.assertEqual(run(answering([b""], status=status)), faults)

    def test_what_is_written_counts_as_begun(self) -> None:
        def application(_environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)(b"data")
            try:
                raise ValueError("late")
            except ValueError:
                start_response("500 Oops", PLAIN, sys.exc_info())
            return []

        self.assertEqual(run(application), ["GET /x: raised ValueError: late"])

    def test_before_the_first_byte_the_status_may_change(self) -> None:
        def application(_environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)
            try:
                raise ValueError
            except ValueError:
                start_response("502 Bad Gateway", PLAIN, sys.exc_info())
            return [b"x"]

        self.assertEqual(run(application), ["GET /x: answered 502 Bad Gateway"])


class Failures(unittest.TestCase):
    def test_one_failure_does_not_stop_the_others(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["PATH_INFO"] == "/bad":
                raise LookupError("no table")
            return answering([b"ok"])(environ, start_response)

        faults = run(application, "GET /", "GET /bad", "nonsense", "GET /good")

        self.assertEqual(
            faults,
            [
                "GET /bad: raised LookupError: no table",
                'nonsense: raised ValueError: a warm-up request is a method and a path, as in "GET /"',
            ],
        )

    def test_a_body_that_fails_is_closed(self) -> None:
        body = Closing([b"a", ValueError("half")])

        self.assertEqual(run(answering(body)), ["GET /x: raised ValueError: half"])
        self.assertEqual(body.closed, 1)

    def test_broken_rules_are_faults(self) -> None:
        def twice(_environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", PLAIN)
            start_response("200 OK", PLAIN)
            return []

        for application, fault in (
            (twice, "start_response was called twice without exc_info"),
            (lambda _environ, _start: [], "returned without calling start_response"),
            (lambda _environ, _start: [b"x"], "produced a response without start_response"),
            (answering(["text"]), "a response body must be bytes, got str"),
            (answering(None), "TypeError: 'NoneType' object is not iterable"),
            (answering(Closing([], OSError("x"))), "raised OSError: x"),
            (lambda _environ, _start: sys.exit("bye"), "raised SystemExit: bye"),
        ):
            with self.subTest(fault=fault):
                (found,) = run(application)

                self.assertIn(fault, found)


if __name__ == "__main__":
    unittest.main()
