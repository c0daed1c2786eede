"""PEP 3333 as an application meets it: start_response, write, iteration, close, failures."""

import sys
import unittest
from collections.abc import Iterator
from typing import Any

from fake_host import FakeHost, environ_of, exchange, gateway_of, request

PLAIN = [("Content-Type", "text/plain")]


class Closing:
    """An iterable that counts what is done to it."""

    def __init__(self, chunks: list[Any], error: BaseException | None = None) -> None:
        self.chunks = chunks
        self.error = error
        self.closed = 0
        self.asked = 0

    def __iter__(self) -> Iterator[Any]:
        for chunk in self.chunks:
            self.asked += 1
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed += 1
        if self.error is not None:
            raise self.error


def answering(result: Any, headers: Any = PLAIN, status: str = "200 OK") -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response(status, headers)
        return result

    return application


class Whole(unittest.TestCase):
    def test_a_list_of_one_chunk_is_one_whole_response(self) -> None:
        host = FakeHost()

        reply = request(answering([b"hello"]), host)

        self.assertEqual(reply.outcome, 0)
        self.assertEqual(reply.status, "200 OK")
        self.assertEqual(reply.headers, [*PLAIN, ("Content-Length", "5")])
        self.assertEqual(reply.body, b"hello")
        self.assertEqual(host.sent, [])

    def test_a_list_of_many_chunks_is_one_whole_response(self) -> None:
        reply = request(answering([b"a", b"", b"bc"]))

        self.assertEqual((reply.outcome, reply.body), (0, b"abc"))
        self.assertEqual(reply.header("content-length"), "3")

    def test_an_empty_list_is_an_empty_body(self) -> None:
        reply = request(answering([]))

        self.assertEqual((reply.outcome, reply.body), (0, b""))
        self.assertEqual(reply.header("content-length"), "0")

    def test_a_length_that_was_given_is_kept_and_not_repeated(self) -> None:
        reply = request(answering([b"abc"], [("content-length", "3")]))

        self.assertEqual(reply.header("content-length"), "3")

    def test_an_object_with_a_length_of_one_gets_a_content_length(self) -> None:
        class Single:
            def __len__(self) -> int:
                return 1

            def __iter__(self) -> Iterator[bytes]:
                yield b"four"

        reply = request(answering(Single()))

        self.assertEqual((reply.outcome, reply.body), (0, b"four"))
        self.assertEqual(reply.header("content-length"), "4")

    def test_a_generator_that_yields_nothing_is_an_empty_body(self) -> None:
        def application(environ: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            return
            yield b""

        reply = request(application)

        self.assertEqual(reply.body, b"")
        self.assertEqual(reply.header("content-length"), "0")

    def test_a_body_larger_than_the_buffer_goes_in_pieces(self) -> None:
        host = FakeHost(buffer=1024)
        body = bytes(range(256)) * 20

        reply = request(answering([body]), host)

        self.assertEqual((reply.outcome, reply.body), (1, body))
        self.assertEqual(reply.header("content-length"), str(len(body)))
        self.assertGreater(len(host.sent), 4)

    def test_headers_keep_their_order_and_their_repetitions(self) -> None:
        headers = [("Set-Cookie", "a=1"), ("Link", "<x>"), ("Set-Cookie", "b=2")]

        reply = request(answering([b""], headers, "404 Not Found"))

        self.assertEqual(reply.status, "404 Not Found")
        self.assertEqual(reply.headers, [*headers, ("Content-Length", "0")])

    def test_one_gateway_answers_many_requests(self) -> None:
        host = FakeHost()
        gateway = gateway_of(host, lambda e, s: [s("200 OK", []) and b"", e["PATH_INFO"].encode()])

        first = exchange(gateway, host, environ_of(path="/first"))
        second = exchange(gateway, host, environ_of(path="/2"))

        self.assertEqual((first.body, second.body), (b"/first", b"/2"))


class Environ(unittest.TestCase):
    def test_the_environ_is_a_dict_with_all_that_pep_3333_asks_for(self) -> None:
        seen: dict[str, Any] = {}

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            seen.update(environ)
            self.assertIs(type(environ), dict)
            start_response("200 OK", [])
            return []

        request(application)

        self.assertEqual(seen["wsgi.version"], (1, 0))
        self.assertIs(seen["wsgi.multithread"], False)
        self.assertIs(seen["wsgi.multiprocess"], False)
        self.assertIs(seen["wsgi.run_once"], False)
        self.assertIs(seen["wsgi.input_terminated"], True)
        self.assertIs(type(seen["wsgi.file_wrapper"]), type)
        self.assertEqual(seen["SERVER_PORT"], "8000")
        self.assertEqual(seen["wasgi.worker"], "default/1")

    def test_what_one_request_puts_into_it_does_not_reach_the_next(self) -> None:
        host = FakeHost()
        found: list[bool] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            found.append("mine" in environ)
            environ["mine"] = environ["wsgi.run_once"] = True
            start_response("200 OK", [])
            return []

        gateway = gateway_of(host, application)
        exchange(gateway, host)
        exchange(gateway, host)

        self.assertEqual(found, [False, False])


class StartResponse(unittest.TestCase):
    def test_it_may_be_called_as_late_as_the_first_chunk(self) -> None:
        def application(environ: Any, start_response: Any) -> Iterator[bytes]:
            yield b""
            start_response("201 Created", PLAIN)
            yield b"late"

        reply = request(application)

        self.assertEqual((reply.status, reply.body), ("201 Created", b"late"))

    def test_a_chunk_without_it_is_a_failure(self) -> None:
        reply = request(lambda environ, start_response: iter([b"chunk"]))

        self.assertEqual(reply.outcome, 4)
        self.assertIn("without start_response", reply.text)

    def test_returning_without_it_is_a_failure(self) -> None:
        reply = request(lambda environ, start_response: [b"chunk"])

        self.assertEqual(reply.outcome, 4)
        self.assertIn("without calling start_response", reply.text)

    def test_a_second_call_without_exc_info_is_a_failure(self) -> None:
        def application(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            start_response("200 OK", [])
            return []

        reply = request(application)

        self.assertEqual(reply.outcome, 4)
        self.assertIn("called twice without exc_info", reply.text)

    def test_exc_info_replaces_status_and_headers_before_the_first_chunk(self) -> None:
        def application(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [("X-Old", "1")])
            try:
                raise KeyError("x")
            except KeyError:
                start_response("500 Oops", [("X-New", "1")], sys.exc_info())
            return [b"sorry"]

        reply = request(application)

        self.assertEqual((reply.outcome, reply.status), (0, "500 Oops"))
        self.assertIsNone(reply.header("X-Old"))
        self.assertEqual(reply.header("X-New"), "1")

    def test_exc_info_after_the_first_chunk_is_raised(self) -> None:
        def application(environ: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b"first"
            try:
                raise KeyError("deep")
            except KeyError:
                start_response("500 Oops", [], exc_info=sys.exc_info())
            yield b"never"

        reply = request(application)

        self.assertEqual((reply.outcome, reply.status, reply.body), (2, "200 OK", b"first"))
        self.assertIn("KeyError: 'deep'", reply.text)

    def test_a_failure_before_the_first_chunk_leaves_nothing_sent(self) -> None:
        host = FakeHost()

        def application(environ: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b""
            raise ValueError("in time")

        reply = request(application, host)

        self.assertEqual(reply.outcome, 4)
        self.assertEqual(host.sent, [])

    def test_it_cannot_be_called_after_the_request_has_ended(self) -> None:
        kept: list[Any] = []

        def application(environ: Any, start_response: Any) -> list[bytes]:
            kept.append(start_response)
            kept.append(start_response("200 OK", []))
            return []

        request(application)

        with self.assertRaisesRegex(RuntimeError, "after its request had ended"):
            kept[0]("200 OK", [])
        with self.assertRaisesRegex(RuntimeError, "after its request had ended"):
            kept[1](b"x")


class Write(unittest.TestCase):
    def test_what_is_written_goes_out_at_once_and_before_the_chunks(self) -> None:
        host = FakeHost()
        sent_when: list[int] = []

        def application(environ: Any, start_response: Any) -> list[bytes]:
            write = start_response("200 OK", PLAIN)
            write(b"pre ")
            sent_when.append(len(host.sent))
            write(b"mid ")
            sent_when.append(len(host.sent))
            return [b"post1 ", b"post2"]

        reply = request(application, host)

        self.assertEqual((reply.outcome, reply.body), (1, b"pre mid post1 post2"))
        self.assertEqual(sent_when, [1, 2])

    def test_an_empty_write_does_not_send_the_head(self) -> None:
        def application(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [])(b"")
            raise ValueError("still in time")

        self.assertEqual(request(application).outcome, 4)

    def test_only_bytes_can_be_written(self) -> None:
        def application(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [])("text")
            return []

        self.assertIn("TypeError: write() takes bytes, got str", request(application).text)


class NotBytes(unittest.TestCase):
    def test_every_other_kind_of_chunk_is_named_in_the_failure(self) -> None:
        for result in (
            [""],
            ["text"],
            [bytearray(b"x")],
            [None],
            "text",
            b"bytes",
            iter(["x"]),
            {1},
        ):
            with self.subTest(result=result):
                reply = request(answering(result))

                self.assertEqual(reply.outcome, 4)
                self.assertIn("must yield bytes, got", reply.text)

    def test_nothing_at_all_is_named_in_the_failure(self) -> None:
        self.assertIn("returned None", request(answering(None)).text)

    def test_the_iterable_is_closed_after_a_chunk_of_the_wrong_kind(self) -> None:
        iterable = Closing([b"good", "bad"])

        reply = request(answering(iterable))

        self.assertEqual((reply.outcome, iterable.closed), (2, 1))


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


class NoBody(unittest.TestCase):
    def test_head_gets_the_headers_of_a_body_it_does_not_get(self) -> None:
        reply = request(answering([b"hello"]), environ=environ_of("HEAD"))

        self.assertEqual((reply.outcome, reply.body), (0, b""))
        self.assertEqual(reply.header("content-length"), "5")

    def test_head_keeps_a_length_without_any_body(self) -> None:
        reply = request(answering([], [("Content-Length", "99")]), environ=environ_of("HEAD"))

        self.assertEqual((reply.outcome, reply.header("content-length")), (0, "99"))

    def test_head_claims_no_length_that_it_does_not_know(self) -> None:
        reply = request(answering([]), environ=environ_of("HEAD"))

        self.assertIsNone(reply.header("content-length"))

    def test_head_stops_a_generator_at_its_first_chunk(self) -> None:
        iterable = Closing([b"", b"a", b"b"])

        reply = request(answering(iterable), environ=environ_of("HEAD"))

        self.assertEqual((reply.outcome, reply.body, iterable.asked), (1, b"", 2))

    def test_what_is_written_to_a_head_request_goes_nowhere(self) -> None:
        def application(environ: Any, start_response: Any) -> list[bytes]:
            write = start_response("200 OK", [])
            write(b"one")
            write(b"two")
            return [b"three"]

        reply = request(application, environ=environ_of("HEAD"))

        self.assertEqual((reply.outcome, reply.body), (1, b""))

    def test_204_has_neither_body_nor_length(self) -> None:
        reply = request(answering([b"x"], [("Content-Length", "1")], "204 No Content"))

        self.assertEqual((reply.outcome, reply.body, reply.headers), (0, b"", []))

    def test_304_has_no_body_and_keeps_its_length(self) -> None:
        for result in ([], iter([]), [b"0123456789"]):
            reply = request(answering(result, [("Content-Length", "10")], "304 Not Modified"))

            self.assertEqual((reply.outcome, reply.body), (0, b""))
            self.assertEqual(reply.header("content-length"), "10")

    def test_304_gets_no_length_of_its_own(self) -> None:
        for result in ([], iter([]), Closing([])):
            reply = request(answering(result, [], "304 Not Modified"))

            self.assertIsNone(reply.header("content-length"))


class Length(unittest.TestCase):
    def test_a_whole_body_that_is_too_long_is_cut(self) -> None:
        host = FakeHost()

        reply = request(answering([b"hello"], [("Content-Length", "4")]), host)

        self.assertEqual((reply.outcome, reply.body), (0, b"hell"))
        self.assertIn("longer than its Content-Length", host.texts("gateway")[0])

    def test_a_stream_that_is_too_long_is_cut_and_asked_no_more(self) -> None:
        host = FakeHost()
        iterable = Closing([b"he", b"llo", b"more", b"and more"])

        reply = request(answering(iterable, [("Content-Length", "4")]), host)

        self.assertEqual((reply.outcome, reply.body), (1, b"hell"))
        self.assertEqual((iterable.asked, iterable.closed), (2, 1))
        self.assertEqual(len(host.texts("gateway")), 1)

    def test_a_stream_of_the_right_length_is_run_to_its_end(self) -> None:
        ended: list[bool] = []

        def application(environ: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [("Content-Length", "4")])
            yield b"four"
            ended.append(True)

        reply = request(application)

        self.assertEqual((reply.outcome, reply.body, ended), (1, b"four", [True]))

    def test_many_writes_too_many_are_logged_once(self) -> None:
        host = FakeHost()

        def application(environ: Any, start_response: Any) -> list[bytes]:
            write = start_response("200 OK", [("Content-Length", "3")])
            for _ in range(5):
                write(b"ab")
            return []

        reply = request(application, host)

        self.assertEqual((reply.outcome, reply.body), (1, b"aba"))
        self.assertEqual(len(host.texts("gateway")), 1)

    def test_a_body_that_is_too_short_is_a_failure_after_the_head(self) -> None:
        for result in ([b"hell"], [], iter([b"he", b"ll"]), Closing([b"hell"])):
            with self.subTest(result=result):
                reply = request(answering(result, [("Content-Length", "5")]))

                self.assertEqual(reply.outcome, 2)
                self.assertIn("short of its Content-Length", reply.text)


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


class HopByHop(unittest.TestCase):
    def test_headers_of_the_connection_are_left_out_with_one_warning(self) -> None:
        host = FakeHost()
        gateway = gateway_of(host, answering([b""], [("Connection", "close"), ("X", "1")]))

        first = exchange(gateway, host)
        exchange(gateway, host)

        self.assertEqual(first.headers, [("X", "1"), ("Content-Length", "0")])
        self.assertEqual(len(host.texts("gateway")), 1)
        self.assertIn("Connection", host.texts("gateway")[0])


class Logs(unittest.TestCase):
    def test_a_partial_line_on_wsgi_errors_is_out_when_the_request_ends(self) -> None:
        host = FakeHost()

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            environ["wsgi.errors"].write("half a line")
            start_response("200 OK", [])
            return []

        request(application, host)

        self.assertEqual(host.texts("wsgi.errors"), ["half a line"])


if __name__ == "__main__":
    unittest.main()
