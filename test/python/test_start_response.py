"""start_response, write, and what else an application hands to the gateway."""

import gc
import sys
import unittest
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fake_host import FakeHost, request
from shapes import PLAIN, Closing, answering


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

    def test_what_it_raises_is_in_no_cycle(self) -> None:
        class Local:
            pass

        kept: list[weakref.ref[Local]] = []

        def application(environ: Any, start_response: Any) -> Iterator[bytes]:
            local = Local()
            kept.append(weakref.ref(local))
            start_response("200 OK", [])(b"first")
            try:
                raise KeyError("deep")
            except KeyError:
                start_response("500 Oops", [], sys.exc_info())
            return iter([])

        self.enterContext(_no_collector())
        request(application)

        self.assertIsNone(kept[0]())

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

        with self.assertRaisesRegex(RuntimeError, "after the response had ended"):
            kept[0]("200 OK", [])
        with self.assertRaisesRegex(RuntimeError, "after the response had ended"):
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


class AfterTheResponse(unittest.TestCase):
    def test_close_can_add_nothing_to_it(self) -> None:
        """The body is complete then, or it is known that it broke off."""

        def application(environ: Any, start_response: Any) -> Any:
            write = start_response("200 OK", [("Content-Length", "9")])

            class Late(Closing):
                def close(self) -> None:
                    super().close()
                    write(b"more")

            return Late([b"short"])

        host = FakeHost()

        reply = request(application, host)

        self.assertEqual((reply.outcome, reply.body), (2, b"short"))
        self.assertIn("4 bytes short of its Content-Length", reply.text)
        self.assertIn("after the response had ended", host.texts("gateway")[0])


@contextmanager
def _no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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


if __name__ == "__main__":
    unittest.main()
