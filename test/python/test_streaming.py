"""Chunks on their way to the client: never held back, never more than there is credit for."""

import unittest
from collections.abc import Iterator
from typing import Any

from fake_host import FakeHost, request


def streaming(chunks: Iterator[bytes]) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return chunks

    return application


class Streaming(unittest.TestCase):
    def test_each_chunk_is_sent_before_the_next_is_asked_for(self) -> None:
        host = FakeHost()
        sent: list[int] = []

        def chunks() -> Iterator[bytes]:
            for number in range(4):
                sent.append(len(host.sent))
                yield b"%d" % number

        reply = request(streaming(chunks()), host)

        self.assertEqual((reply.outcome, reply.body), (1, b"0123"))
        self.assertEqual(sent, [0, 1, 2, 3])
        self.assertEqual([kind for kind, _ in host.sent], [1, 2, 2, 2])

    def test_empty_chunks_are_not_sent(self) -> None:
        host = FakeHost()

        request(streaming(iter([b"", b"a", b"", b"b", b""])), host)

        self.assertEqual(len(host.sent), 2)

    def test_a_stream_has_no_content_length_of_its_own(self) -> None:
        reply = request(streaming(iter([b"a", b"b"])))

        self.assertIsNone(reply.header("content-length"))

    def test_without_credit_nothing_more_is_produced_until_it_has_drained(self) -> None:
        host = FakeHost(credits=[0, 0, 5])
        drained: list[int] = []

        def chunks() -> Iterator[bytes]:
            for _ in range(4):
                drained.append(host.drained)
                yield b"x"

        request(streaming(chunks()), host)

        self.assertEqual(drained, [0, 1, 2, 2])

    def test_a_chunk_larger_than_the_credit_goes_in_pieces(self) -> None:
        host = FakeHost(credits=[10, 4, 0, 100], buffer=200)
        host.drain_answer = 7
        body = bytes(range(200)) * 2

        reply = request(streaming(iter([b"first", body[:20], body[20:]])), host)

        self.assertEqual(reply.body, b"first" + body)
        self.assertEqual([len(data) for kind, data in host.sent if kind == 2][:3], [10, 4, 6])
        self.assertTrue(all(len(data) <= 200 for _, data in host.sent))

    def test_a_stream_whose_length_is_reached_does_not_wait_for_credit(self) -> None:
        host = FakeHost(credits=[0])

        def application(environ: Any, start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [("Content-Length", "4")])
            yield b"four"

        reply = request(application, host)

        self.assertEqual((reply.outcome, host.drained), (1, 0))


class ClientGone(unittest.TestCase):
    def test_a_client_that_left_is_produced_nothing_more(self) -> None:
        host = FakeHost(credits=[100, -1])
        asked: list[int] = []
        closed: list[bool] = []

        def chunks() -> Iterator[bytes]:
            try:
                for number in range(9):
                    asked.append(number)
                    yield b"x"
            finally:
                closed.append(True)

        reply = request(streaming(chunks()), host)

        self.assertEqual((reply.outcome, asked, closed), (3, [0, 1], [True]))

    def test_an_application_that_waits_with_empty_chunks_learns_that_its_client_left(self) -> None:
        host = FakeHost(credits=[100])
        host.drain_answer = -1
        asked: list[int] = []

        def chunks() -> Iterator[bytes]:
            yield b"first"
            for number in range(9):
                asked.append(number)
                yield b""

        reply = request(streaming(chunks()), host)

        self.assertEqual((reply.outcome, asked), (3, [0]))

    def test_it_learns_so_before_its_first_chunk_too(self) -> None:
        host = FakeHost()
        host.drain_answer = -1
        asked: list[int] = []

        def chunks() -> Iterator[bytes]:
            for number in range(9):
                asked.append(number)
                yield b""

        reply = request(streaming(chunks()), host)

        self.assertEqual((reply.outcome, asked, host.sent), (3, [0], []))

    def test_a_client_that_leaves_while_it_is_waited_for_ends_the_stream(self) -> None:
        host = FakeHost(credits=[0])
        host.drain_answer = -1

        reply = request(streaming(iter([b"a", b"b"])), host)

        self.assertEqual((reply.outcome, len(host.sent)), (3, 1))

    def test_a_client_that_leaves_between_the_pieces_of_a_chunk_ends_the_stream(self) -> None:
        host = FakeHost(credits=[5, 3, -1], buffer=100)

        reply = request(streaming(iter([b"a", b"b" * 300, b"c"])), host)

        self.assertEqual((reply.outcome, len(host.sent)), (3, 3))

    def test_write_tells_the_application_that_the_client_left(self) -> None:
        host = FakeHost(credits=[-1])
        errors: list[BaseException] = []

        def application(environ: Any, start_response: Any) -> list[bytes]:
            write = start_response("200 OK", [])
            for _ in range(2):
                try:
                    write(b"x")
                except OSError as error:
                    errors.append(error)
            return [b"more"]

        reply = request(application, host)

        self.assertEqual((reply.outcome, len(errors), len(host.sent)), (3, 2, 1))

    def test_a_whole_body_that_does_not_fit_stops_when_the_client_left(self) -> None:
        host = FakeHost(credits=[-1], buffer=100)

        reply = request(lambda e, s: [s("200 OK", []) and b"", b"x" * 1000], host)

        self.assertEqual((reply.outcome, len(host.sent)), (3, 1))


if __name__ == "__main__":
    unittest.main()
