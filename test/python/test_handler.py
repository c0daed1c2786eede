"""A response as PEP 3333 has it: whole bodies, lengths, requests without a body, the environ."""

import unittest
from collections.abc import Iterator
from typing import Any

from fake_host import FakeHost, environ_of, exchange, gateway_of, request
from shapes import PLAIN, Closing, answering


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


class Several(unittest.TestCase):
    def test_each_request_goes_to_the_application_of_its_number(self) -> None:
        host = FakeHost()
        gateway = gateway_of(host, answering([b"first"]))
        gateway.mount(answering([b"second"]), 1)

        bodies = [exchange(gateway, host, number=number).body for number in (1, 0, 1)]

        self.assertEqual(bodies, [b"second", b"first", b"second"])

    def test_warm_up_requests_are_for_all_of_them(self) -> None:
        asked: list[str] = []

        def named(name: str) -> Any:
            def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
                asked.append(name + environ["PATH_INFO"])
                start_response("200 OK", PLAIN)
                return []

            return application

        gateway = gateway_of(FakeHost(), named("first"))
        gateway.mount(named("second"), 1)

        self.assertEqual(gateway.warm_up(["GET /a"]), [])
        self.assertEqual(asked, ["first/a", "second/a"])


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
        self.assertTrue(callable(seen["wsgi.early_hints"]))
        self.assertEqual(seen["SERVER_PORT"], "8000")
        self.assertEqual(seen["wasgi.worker"], "default/1")

    def test_run_once_is_what_the_host_says(self) -> None:
        host = FakeHost()
        told: list[Any] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            told.append((environ["wsgi.multithread"], environ["wsgi.run_once"]))
            start_response("200 OK", [])
            return []

        gateway = gateway_of(host, application)
        for run_once in (True, False):
            gateway.configure(False, run_once, "default/1")
            exchange(gateway, host)

        self.assertEqual(told, [(False, True), (False, False)])

    def test_nothing_says_that_the_body_is_still_chunked(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return [b"yes" if "HTTP_TRANSFER_ENCODING" in environ else b"no"]

        reply = request(application, environ=environ_of(HTTP_TRANSFER_ENCODING="chunked"))

        self.assertEqual(reply.body, b"no")

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


class NoBody(unittest.TestCase):
    def test_head_gets_the_headers_of_a_body_it_does_not_get(self) -> None:
        reply = request(answering([b"hello"]), environ=environ_of("HEAD"))

        self.assertEqual((reply.outcome, reply.body), (0, b""))
        self.assertEqual(reply.header("content-length"), "5")

    def test_head_keeps_a_length_without_any_body(self) -> None:
        reply = request(answering([], [("Content-Length", "99")]), environ=environ_of("HEAD"))

        self.assertEqual((reply.outcome, reply.header("content-length")), (0, "99"))

    def test_head_claims_no_length_that_it_does_not_know(self) -> None:
        for result in ([], iter([]), Closing([])):
            reply = request(answering(result), environ=environ_of("HEAD"))

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
        class Single(Closing):
            def __len__(self) -> int:
                return 1

        large = [b"x" * 40_000, b"y" * 40_000]
        for method in ("GET", "HEAD"):
            for result in ([], iter([]), Closing([]), [b"x"], Single([b"x"]), large):
                with self.subTest(method=method, result=str(result)[:20]):
                    environ = environ_of(method)

                    reply = request(answering(result, [], "304 Not Modified"), environ=environ)

                    self.assertIsNone(reply.header("content-length"))

    def test_205_has_an_empty_body_and_says_so(self) -> None:
        for result in ([], [b"x"], iter([b"x"]), Closing([]), [b"x" * 40_000, b"y" * 40_000]):
            for headers in ([], [("Content-Length", "5")]):
                with self.subTest(result=str(result)[:20], headers=headers):
                    reply = request(answering(result, headers, "205 Reset Content"))

                    self.assertEqual((reply.outcome & 14, reply.body), (0, b""))
                    self.assertEqual(reply.header("content-length"), "0")


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
