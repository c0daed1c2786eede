"""What a traceback shows of an application, and what it keeps to itself."""

import unittest
from typing import Any

from fake_host import request
from wasgi.tracebacks import headline, text_of


class Frames(unittest.TestCase):
    def test_it_starts_at_the_application(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> Any:
            raise ValueError("here")

        lines = request(application).text.splitlines()

        self.assertEqual(lines[0], "Traceback (most recent call last):")
        self.assertIn(", in application", lines[1])
        self.assertEqual(lines[-1], "ValueError: here")

    def test_a_failure_inside_a_call_to_the_gateway_shows_the_call(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> Any:
            start_response("200 OK", [("X", "\n")])

        text = request(application).text

        self.assertIn('start_response("200 OK", [("X", "\\n")])', text)
        self.assertIn("ValueError: response header X holds a control character", text)

    def test_what_went_wrong_in_the_gateway_alone_is_shown_whole(self) -> None:
        text = request(lambda environ, start_response: [b"x"]).text

        self.assertIn("handler.py", text)

    def test_groups_of_exceptions_are_shown_with_all_their_members(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> Any:
            raise ExceptionGroup("two", [ValueError("one"), KeyError("other")])

        text = request(application).text

        self.assertIn("ValueError: one", text)
        self.assertIn("KeyError: 'other'", text)

    def test_a_chain_that_bites_its_tail_is_shown(self) -> None:
        first, second = ValueError("first"), KeyError("second")
        first.__context__, second.__context__ = second, first

        self.assertIn("ValueError: first", text_of(first))


class Headlines(unittest.TestCase):
    def test_it_is_type_and_message_in_one_line(self) -> None:
        noted = ValueError("message")
        noted.add_note("a note")
        for error, expected in (
            (noted, "ValueError: message"),
            (ValueError("first\nsecond"), "ValueError: first"),
            (SystemExit(3), "SystemExit: 3"),
            (KeyError(), "KeyError"),
            (SyntaxError("bad", ("file.py", 3, 1, "text", 3, 2)), "SyntaxError: bad"),
        ):
            with self.subTest(error=error):
                self.assertEqual(headline(error), expected)

    def test_an_exception_without_a_text_has_its_name(self) -> None:
        class Hostile(Exception):
            def __str__(self) -> str:
                raise RuntimeError

        self.assertIn("Hostile", headline(Hostile()))


if __name__ == "__main__":
    unittest.main()
