"""Status lines and response headers: what is let through, and what the refusal says."""

import unittest
from typing import Any

from fake_host import FakeHost, request
from wasgi.headers import HEAD_LIMIT, REMEMBERED_HEADS, REMEMBERED_LIMIT, HeaderRules


def composed(status: Any = "200 OK", headers: Any = ()) -> bytes:
    rules = HeaderRules(lambda name: None)
    return rules.compose(status, list(headers)).encoded


class Status(unittest.TestCase):
    def test_code_and_reason_or_the_code_alone(self) -> None:
        for status in ("200 OK", "204", "404 Not Found", "299 caf\xe9", "999 ", "200 a  b"):
            with self.subTest(status=status):
                self.assertEqual(composed(status), status.encode("latin-1"))

    def test_anything_else_is_refused(self) -> None:
        for status in ("", "20 OK", "2000", "OK", "200OK", " 200 OK", "200 O\r\nK", "200 \x00",
                       "100 Continue", "101 Switching", "099 X", "200 \u20ac", "200\n", "20\u0660 OK"):  # fmt: skip
            with self.subTest(status=status), self.assertRaises(ValueError):
                composed(status)

    def test_anything_but_a_string_is_refused(self) -> None:
        for status in (200, b"200 OK", None):
            with self.subTest(status=status), self.assertRaises(TypeError):
                composed(status)


class Remembered(unittest.TestCase):
    def test_a_head_seen_before_is_a_head_of_its_own(self) -> None:
        rules = HeaderRules(lambda name: None)
        first = rules.compose("200 OK", [("A", "1"), ("Content-Length", "5")])
        first.length = 9

        second = rules.compose("200 OK", [("A", "1"), ("Content-Length", "5")])

        self.assertEqual((second.encoded, second.length), (b"200 OK\nA\n1", 5))

    def test_heads_that_differ_in_anything_are_told_apart(self) -> None:
        rules = HeaderRules(lambda name: None)
        heads = (
            ("200 OK", [("A", "1")]),
            ("201 OK", [("A", "1")]),
            ("200 OK", [("A", "2")]),
            ("200 OK", [("A", "1"), ("A", "1")]),
            ("200 OK", []),
        )

        for _ in range(2):
            for status, headers in heads:
                expected = "\n".join([status, *(part for pair in headers for part in pair)])
                self.assertEqual(rules.compose(status, headers).encoded, expected.encode())

    def test_text_that_lies_about_its_equality_is_not_kept(self) -> None:
        class Chameleon(str):
            __slots__ = ()

            def __eq__(self, other: object) -> bool:
                return True

            def __hash__(self) -> int:
                return hash("1")

        rules = HeaderRules(lambda name: None)
        rules.compose("200 OK", [("A", Chameleon("7"))])

        self.assertEqual(rules.compose("200 OK", [("A", "1")]).encoded, b"200 OK\nA\n1")

    def test_hop_by_hop_headers_are_reported_each_time(self) -> None:
        seen: list[str] = []
        rules = HeaderRules(seen.append)

        for _ in range(2):
            rules.compose("200 OK", [("Connection", "close")])

        self.assertEqual(seen, ["Connection", "Connection"])

    def test_they_are_bounded_in_number_and_size(self) -> None:
        rules = HeaderRules(lambda name: None)

        for number in range(3 * REMEMBERED_HEADS):
            rules.compose("200 OK", [("A", str(number))])
        rules.compose("200 OK", [("A", "x" * (REMEMBERED_LIMIT + 1))])

        self.assertLessEqual(len(rules._heads), REMEMBERED_HEADS)
        self.assertLess(max(len(encoded) for encoded, _ in rules._heads.values()), REMEMBERED_LIMIT)


class Headers(unittest.TestCase):
    def test_names_and_values_alternate(self) -> None:
        self.assertEqual(composed(headers=[("A", "1"), ("b", "2")]), b"200 OK\nA\n1\nb\n2")

    def test_values_are_latin_1_and_may_hold_tabs_and_nothing(self) -> None:
        for value in ("", "caf\xe9", "a\tb", "\xff", "a" * 5000):
            with self.subTest(value=value[:9]):
                self.assertEqual(
                    composed(headers=[("X", value)]), b"200 OK\nX\n" + value.encode("latin-1")
                )

    def test_control_characters_are_refused(self) -> None:
        for character in [*map(chr, range(32)), "\x7f"]:
            if character == "\t":
                continue
            refused = self.assertRaisesRegex(ValueError, "header X holds a control character")
            with self.subTest(character=character), refused:
                composed(headers=[("A", "1"), ("X", f"a{character}b")])

    def test_no_header_can_be_smuggled_in_with_a_value(self) -> None:
        with self.assertRaises(ValueError):
            composed(headers=[("X", "a\nSet-Cookie\nb")])

    def test_values_beyond_latin_1_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "header X is not Latin-1"):
            composed(headers=[("X", "\u20ac")])

    def test_names_are_tokens(self) -> None:
        for name in ("", "a b", "a:", "a\n", "\xe9", "a\x00", "(a)", '"a"', "\u20ac"):
            with self.subTest(name=name), self.assertRaisesRegex(ValueError, "not a valid"):
                composed(headers=[(name, "1")])

    def test_names_and_values_are_strings(self) -> None:
        for header in ((b"X", "1"), ("X", b"1"), ("X", 1), ("X", None), (1, "1")):
            with self.subTest(header=header), self.assertRaises(TypeError):
                composed(headers=[header])

    def test_headers_are_a_list_of_tuples_of_two(self) -> None:
        rules = HeaderRules(lambda name: None)
        for headers in ((("X", "1"),), {"X": "1"}, None, iter([])):
            with self.subTest(headers=headers), self.assertRaises(TypeError):
                rules.compose("200 OK", headers)  # type: ignore[arg-type]
        for header in (["X", "1"], ("X",), ("X", "1", "2"), "X1"):
            with self.subTest(header=header), self.assertRaises(TypeError):
                composed(headers=[header])

    def test_a_name_that_was_refused_once_is_refused_again(self) -> None:
        rules = HeaderRules(lambda name: None)
        for _ in range(2):
            with self.assertRaises(ValueError):
                rules.compose("200 OK", [("a b", "1")])

    def test_more_than_the_host_takes_at_once_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "response headers take"):
            composed(headers=[("X", "a" * HEAD_LIMIT)])

    def test_a_change_of_the_list_afterwards_changes_nothing(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            headers = [("X", "1")]
            start_response("200 OK", headers)
            headers.append(("Y", "bad\n"))
            return []

        reply = request(application)

        self.assertEqual(reply.headers, [("X", "1"), ("Content-Length", "0")])

    def test_a_refusal_reaches_the_application_where_it_calls(self) -> None:
        caught: list[Exception] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            try:
                start_response("200 OK", [("X", "\n")])
            except ValueError as error:
                caught.append(error)
            start_response("500 Oops", [])
            return [b"page"]

        reply = request(application)

        self.assertEqual((reply.outcome, reply.status, len(caught)), (0, "500 Oops", 1))


class ContentLength(unittest.TestCase):
    def test_a_number_is_read_in_any_spelling_of_the_name(self) -> None:
        rules = HeaderRules(lambda name: None)
        for name in ("Content-Length", "content-length", "CONTENT-LENGTH"):
            self.assertEqual(rules.compose("200 OK", [(name, "012")]).length, 12)

    def test_anything_else_is_refused(self) -> None:
        for value in ("", "abc", "-1", "+1", "1.0", "0x1", "1 ", "1, 1", "\u0661", "9" * 20, "1\n"):
            with self.subTest(value=value), self.assertRaisesRegex(ValueError, "Content-Length"):
                composed(headers=[("Content-Length", value)])

    def test_a_number_that_is_no_string_is_refused(self) -> None:
        with self.assertRaises(TypeError):
            composed(headers=[("Content-Length", 5)])

    def test_twice_the_same_is_once_and_two_different_are_refused(self) -> None:
        rules = HeaderRules(lambda name: None)
        twice = [("Content-Length", "5"), ("Content-Length", "5")]

        self.assertEqual(rules.compose("200 OK", twice).length, 5)
        with self.assertRaisesRegex(ValueError, "given twice"):
            rules.compose("200 OK", [("Content-Length", "5"), ("Content-Length", "6")])


class HopByHop(unittest.TestCase):
    def test_each_is_left_out_and_reported(self) -> None:
        for name in ("Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE",
                     "Trailer", "Trailers", "Transfer-Encoding", "Upgrade", "upgrade"):  # fmt: skip
            seen: list[str] = []

            head = HeaderRules(seen.append).compose("200 OK", [(name, "x"), ("Vary", "Upgrade")])

            self.assertEqual((head.encoded, seen), (b"200 OK\nVary\nUpgrade", [name]))

    def test_the_gateway_says_so_in_the_log(self) -> None:
        host = FakeHost()

        request(lambda e, s: s("200 OK", [("Upgrade", "h2c")]) and [], host)

        self.assertIn("Upgrade", host.texts("gateway")[0])


if __name__ == "__main__":
    unittest.main()
