"""The text streams that end in the server's log."""

import contextlib
import logging
import unittest

from fake_host import FakeHost
from wasgi.log_streams import LINE_LIMIT, RECORD_LIMIT, LogStream


class Streams(unittest.TestCase):
    def setUp(self) -> None:
        self.host = FakeHost()
        self.stream = LogStream(self.host, 30, "stdout")

    def logged(self) -> list[str]:
        return self.host.texts("stdout")

    def test_a_line_is_one_record_without_its_newline(self) -> None:
        print("a", "b", file=self.stream)

        self.assertEqual(self.host.logs, [(30, "stdout", "a b")])

    def test_a_partial_line_waits_for_its_end(self) -> None:
        self.stream.write("one ")
        self.stream.write("two")
        self.assertEqual(self.logged(), [])

        self.stream.write("\nthree")

        self.assertEqual(self.logged(), ["one two"])

    def test_flush_sends_a_partial_line_once(self) -> None:
        self.stream.write("half")
        self.stream.flush()
        self.stream.flush()

        self.assertEqual(self.logged(), ["half"])

    def test_lines_that_are_written_together_stay_together(self) -> None:
        self.stream.write("Traceback\n  File\nError\n")

        self.assertEqual(self.logged(), ["Traceback\n  File\nError"])

    def test_a_line_that_never_ends_is_split_and_loses_nothing(self) -> None:
        for _ in range(30):
            self.stream.write("x" * 1000)
        self.stream.flush()

        self.assertEqual("".join(self.logged()), "x" * 30000)
        self.assertTrue(all(len(text) <= LINE_LIMIT + 1000 for text in self.logged()))

    def test_a_very_long_write_becomes_records_of_bounded_length(self) -> None:
        text = "\n".join("y" * (n % 20000) for n in range(0, 200000, 777))
        self.stream.write(text + "\n")

        self.assertEqual("".join(self.logged()).replace("\n", ""), text.replace("\n", ""))
        self.assertTrue(all(len(record) <= RECORD_LIMIT for record in self.logged()))

    def test_it_is_a_text_stream_for_everything_that_asks(self) -> None:
        stream = self.stream

        self.assertFalse(stream.isatty())
        self.assertTrue(stream.writable())
        self.assertFalse(stream.readable())
        self.assertEqual((stream.encoding, stream.mode), ("utf-8", "w"))
        self.assertEqual(stream.write("four"), 4)
        with self.assertRaises(TypeError):
            stream.write(b"bytes")  # type: ignore[arg-type]
        with self.assertRaises(OSError):
            stream.fileno()

    def test_it_cannot_be_closed(self) -> None:
        self.stream.write("last words")
        self.stream.close()
        with self.stream:
            pass

        print("and more", file=self.stream)

        self.assertFalse(self.stream.closed)
        self.assertEqual(self.logged(), ["last words", "and more"])

    def test_writelines_writes_each(self) -> None:
        self.stream.writelines(["a\n", "b", "c\n"])

        self.assertEqual(self.logged(), ["a", "bc"])

    def test_bytes_arrive_as_text_even_when_cut_inside_a_character(self) -> None:
        data = "caf\xe9 \u20ac\n".encode()
        for at in range(len(data)):
            self.stream.buffer.write(data[at : at + 1])

        self.assertEqual(self.logged(), ["caf\xe9 \u20ac"])

    def test_bytes_that_are_no_text_appear_as_escapes(self) -> None:
        self.assertEqual(self.stream.buffer.write(b"\xff\n"), 2)

        self.assertEqual(self.logged(), ["\\xff"])

    def test_logging_writes_one_record_for_each_message(self) -> None:
        logger = logging.Logger("test")
        logger.addHandler(logging.StreamHandler(self.stream))

        logger.warning("one")
        try:
            raise ValueError("two")
        except ValueError:
            logger.exception("failed")

        self.assertEqual(self.logged()[0], "one")
        self.assertEqual(len(self.logged()), 2)
        self.assertIn("ValueError: two", self.logged()[1])

    def test_standard_output_can_be_redirected_from_and_to_it(self) -> None:
        with contextlib.redirect_stdout(self.stream):
            print("here")

        self.assertEqual(self.logged(), ["here"])


if __name__ == "__main__":
    unittest.main()
