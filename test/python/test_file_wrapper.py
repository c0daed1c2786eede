"""`wsgi.file_wrapper` with real files, files of memory, and things that only read."""

import bz2
import gzip
import io
import lzma
import tempfile
import unittest
from typing import Any

from fake_host import FakeHost, environ_of, request

CONTENT = bytes(range(256)) * 1000


def sending(file: Any, headers: Any = (), block: tuple[int, ...] = ()) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Any:
        start_response("200 OK", list(headers))
        return environ["wsgi.file_wrapper"](file, *block)

    return application


class RealFile(unittest.TestCase):
    def setUp(self) -> None:
        self.file = self.enterContext(tempfile.TemporaryFile())
        self.file.write(CONTENT)
        self.file.seek(0)

    def test_it_is_sent_whole_with_its_length_and_closed(self) -> None:
        reply = request(sending(self.file))

        self.assertEqual((reply.outcome, reply.body), (1, CONTENT))
        self.assertEqual(reply.header("content-length"), str(len(CONTENT)))
        self.assertTrue(self.file.closed)

    def test_it_is_sent_from_where_it_stands(self) -> None:
        self.file.seek(1000)

        reply = request(sending(self.file))

        self.assertEqual(reply.body, CONTENT[1000:])
        self.assertEqual(reply.header("content-length"), str(len(CONTENT) - 1000))

    def test_a_shorter_content_length_ends_it_without_a_word(self) -> None:
        host = FakeHost()

        reply = request(sending(self.file, [("Content-Length", "70000")]), host)

        self.assertEqual((reply.outcome, reply.body), (1, CONTENT[:70000]))
        self.assertEqual(host.logs, [])

    def test_a_longer_content_length_is_a_failure(self) -> None:
        reply = request(sending(self.file, [("Content-Length", str(len(CONTENT) + 1))]))

        self.assertEqual((reply.outcome, reply.body), (2, CONTENT))

    def test_it_is_read_in_pieces_of_the_buffer_whatever_the_block_size(self) -> None:
        host = FakeHost()

        request(sending(self.file, block=(512,)), host)

        self.assertLess(len(host.sent), 10)

    def test_head_sends_its_length_and_closes_it(self) -> None:
        reply = request(sending(self.file), environ=environ_of("HEAD"))

        self.assertEqual((reply.outcome, reply.body), (1, b""))
        self.assertEqual(reply.header("content-length"), str(len(CONTENT)))
        self.assertTrue(self.file.closed)

    def test_a_file_at_its_end_is_an_empty_body(self) -> None:
        self.file.seek(0, io.SEEK_END)

        reply = request(sending(self.file))

        self.assertEqual((reply.outcome, reply.body), (1, b""))
        self.assertEqual(reply.header("content-length"), "0")


class FilesWithinFiles(unittest.TestCase):
    def test_a_compressed_file_is_as_long_as_what_it_is_read_as(self) -> None:
        for opener in (gzip, bz2, lzma):
            with self.subTest(opener.__name__), tempfile.NamedTemporaryFile() as packed:
                packed.write(opener.compress(CONTENT))
                packed.flush()

                reply = request(sending(opener.open(packed.name)))

                self.assertEqual((reply.outcome, len(reply.body)), (1, len(CONTENT)))
                self.assertEqual(reply.body, CONTENT)
                self.assertIsNone(reply.header("content-length"))

    def test_one_that_changes_what_it_reads_is_as_long_as_that(self) -> None:
        class Doubling(io.FileIO):
            def read(self, size: int | None = -1) -> bytes:
                return super().read(size) * 2

        with tempfile.NamedTemporaryFile() as file:
            file.write(CONTENT[:1000])
            file.flush()

            reply = request(sending(Doubling(file.name)))

        self.assertEqual(reply.body, CONTENT[:1000] * 2)

    def test_one_that_only_passes_on_what_it_reads_has_a_length(self) -> None:
        class Passing:
            """As Django's File, whose FieldFile is another one around it."""

            def __init__(self, file: Any) -> None:
                self.file = file
                self.close = file.close

            @property
            def read(self) -> Any:
                return self.file.read

        for wrap in (lambda file: file, lambda file: Passing(Passing(file.file))):
            with self.subTest(wrap=wrap), tempfile.NamedTemporaryFile() as file:
                file.write(CONTENT)
                file.seek(10)

                reply = request(sending(wrap(file)))

                self.assertEqual(reply.body, CONTENT[10:])
                self.assertEqual(reply.header("content-length"), str(len(CONTENT) - 10))


class OtherFiles(unittest.TestCase):
    def test_a_file_of_memory_is_read_in_blocks_from_where_it_stands(self) -> None:
        file = io.BytesIO(b"0123456789")
        file.seek(3)
        host = FakeHost()

        reply = request(sending(file, block=(4,)), host)

        self.assertEqual((reply.outcome, reply.body), (1, b"3456789"))
        self.assertEqual(len(host.sent), 2)
        self.assertTrue(file.closed)

    def test_something_that_can_only_read_is_enough(self) -> None:
        class Reader:
            def __init__(self) -> None:
                self.left = [b"one ", b"two"]

            def read(self, size: int) -> bytes:
                return self.left.pop(0) if self.left else b""

        reply = request(sending(Reader()))

        self.assertEqual((reply.outcome & 15, reply.body), (1, b"one two"))

    def test_there_is_a_close_only_if_the_file_has_one(self) -> None:
        class Reader:
            def read(self, size: int) -> bytes:
                return b""

        wrappers: list[Any] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            wrapper = environ["wsgi.file_wrapper"]
            wrappers.extend((wrapper(Reader()), wrapper(io.BytesIO())))
            start_response("200 OK", [])
            return []

        request(application)

        self.assertFalse(hasattr(wrappers[0], "close"))
        self.assertTrue(callable(wrappers[1].close))

    def test_a_file_of_text_is_a_failure(self) -> None:
        reply = request(sending(io.StringIO("text")))

        self.assertEqual(reply.outcome, 4)
        self.assertIn("must yield bytes, got str", reply.text)

    def test_a_middleware_may_iterate_it(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return [chunk.upper() for chunk in environ["wsgi.file_wrapper"](io.BytesIO(b"abc"))]

        self.assertEqual(request(application).body, b"ABC")


if __name__ == "__main__":
    unittest.main()
