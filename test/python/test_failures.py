"""close() in all cases, and failures of every kind."""

import sys
import unittest
from collections.abc import Iterator
from typing import Any

from fake_host import FakeHost, environ_of, gateway_of, request
from shapes import Closing, answering


class Close(unittest.TestCase):
    def test_it_is_called_once_however_the_response_ends(self) -> None:
        gone = FakeHost(credits=[-1])
        for name, chunks, host, environ in (
            ("whole", [b"a", b"b"], FakeHost(), environ_of()),
            ("empty", [], FakeHost(), environ_of()),
            ("failing at once", [ValueError()], FakeHost(), environ_of()),
            ("failing later", [b"a", ValueError()], FakeHost(), environ_of()),
            ("HEAD", [b"a", b"b"], FakeHost(), environ_of("HEAD")),
            ("client gone", [b"a", b"b"], gone, environ_of()),
            ("out of memory", [b"a", MemoryError()], FakeHost(), environ_of()),
            ("exit", [SystemExit()], FakeHost(), environ_of()),
        ):
            with self.subTest(name):
                iterable = Closing(chunks)

                request(answering(iterable), host, environ)

                self.assertEqual(iterable.closed, 1)

    def test_it_is_called_after_the_last_chunk_was_sent(self) -> None:
        host = FakeHost()
        sent: list[int] = []

        class Counting(Closing):
            def close(self) -> None:
                sent.append(len(host.sent))

        request(answering(Counting([b"only"])), host)

        self.assertEqual(sent, [1])

    def test_its_own_failure_is_logged_and_the_response_stands(self) -> None:
        host = FakeHost()

        reply = request(answering(Closing([b"a"], error=KeyError("closing"))), host)

        self.assertEqual((reply.outcome, reply.body), (1, b"a"))
        self.assertIn("KeyError: 'closing'", host.texts("gateway")[0])

    def test_it_does_not_hide_the_failure_before_it(self) -> None:
        reply = request(answering(Closing([ValueError("first")], error=KeyError("second"))))

        self.assertIn("ValueError: first", reply.text)
        self.assertNotIn("KeyError", reply.text)

    def test_a_method_that_the_iterator_has_is_not_called(self) -> None:
        class Iterable:
            def __iter__(self) -> Iterator[bytes]:
                return inner

        inner = (chunk for chunk in [b"a", b"b"])

        reply = request(answering(Iterable()))

        self.assertEqual(reply.body, b"ab")


class Failures(unittest.TestCase):
    def test_no_exception_leaves_the_gateway(self) -> None:
        for error in (ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError,
                      BaseException, StopIteration):  # fmt: skip
            with self.subTest(error=error):

                def application(environ: Any, start_response: Any, error: Any = error) -> None:
                    raise error("why")

                reply = request(application)

                self.assertEqual(reply.outcome, 4)
                self.assertIn(error.__name__, reply.text)

    def test_endless_recursion_is_a_failure_like_any_other(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            return application(environ, start_response)

        reply = request(application)

        self.assertEqual(reply.outcome, 4)
        self.assertIn("RecursionError", reply.text)

    def test_running_out_of_memory_recycles_the_interpreter(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            raise MemoryError

        reply = request(application)

        self.assertEqual(reply.outcome, 4 | 16)
        self.assertIn("MemoryError", reply.text)

    def test_running_out_of_memory_underneath_another_error_recycles_too(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            try:
                raise MemoryError
            except MemoryError:
                raise ValueError("while handling") from None

        self.assertEqual(request(application).outcome, 4 | 16)

    def test_an_error_page_for_running_out_of_memory_is_sent_and_recycles(self) -> None:
        def application(environ: Any, start_response: Any) -> list[bytes]:
            try:
                raise MemoryError
            except MemoryError:
                start_response("500 Oops", [], sys.exc_info())
            return [b"sorry"]

        reply = request(application)

        self.assertEqual((reply.outcome, reply.body), (16, b"sorry"))

    def test_memory_that_a_failed_request_held_is_free_when_it_is_reported(self) -> None:
        class Big:
            alive = 0

            def __init__(self) -> None:
                Big.alive += 1

            def __del__(self) -> None:
                Big.alive -= 1

        def application(environ: Any, start_response: Any) -> Any:
            _held = Big()
            raise MemoryError

        reply = request(application)

        self.assertEqual((reply.outcome & 16, Big.alive), (16, 0))

    def test_a_traceback_that_does_not_fit_keeps_both_its_ends(self) -> None:
        def application(environ: Any, start_response: Any) -> Any:
            raise ValueError("x" * 5000 + "end")

        reply = request(application, FakeHost(buffer=1024))

        self.assertTrue(reply.text.startswith("Traceback"))
        self.assertTrue(reply.text.endswith("xend\n"))

    def test_an_exception_that_cannot_be_shown_is_reported_by_its_name(self) -> None:
        class Hostile(Exception):
            def __str__(self) -> str:
                raise RuntimeError("no")

        def application(environ: Any, start_response: Any) -> Any:
            raise Hostile

        reply = request(application)

        self.assertEqual(reply.outcome, 4)
        self.assertIn("Hostile", reply.text)

    def test_an_environ_that_cannot_be_read_is_reported(self) -> None:
        host = FakeHost()
        gateway = gateway_of(host, answering([]))
        host.request_buffer[:4] = b"junk"

        self.assertEqual(gateway.serve() & 15, 4)


if __name__ == "__main__":
    unittest.main()
