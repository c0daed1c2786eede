"""`wsgi.early_hints`: what goes out at once, what is refused, and when nothing does."""

import unittest
from collections.abc import Iterator
from typing import Any

from fake_host import FakeHost, exchange, gateway_of, request
from wasgi.headers import HINTS_LIMIT
from wasgi.host import HINTS

STYLE = ("Link", "</style.css>; rel=preload; as=style")
SCRIPT = ("Link", "</script.js>; rel=preload; as=script")


class HintedHost(FakeHost):
    """Keeps interim heads apart, answers each as told, and then takes all others."""

    def __init__(self, *answers: int) -> None:
        super().__init__()
        self.hints: list[bytes] = []
        self._answers = iter(answers)

    def send(self, kind: int, length: int) -> int:
        if kind != HINTS:
            return super().send(kind, length)
        self.hints.append(bytes(self.response_buffer[:length]))
        return next(self._answers, 1)


def hinting(*hints: Any) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        for headers in hints:
            environ["wsgi.early_hints"](headers)
        start_response("200 OK", [("X", "1")])
        return [b"page"]

    return application


class Sent(unittest.TestCase):
    def test_each_call_is_one_interim_head_and_the_response_is_as_without(self) -> None:
        host = HintedHost()

        reply = request(hinting([STYLE, SCRIPT], [("X-Other", "caf\xe9")]), host)

        self.assertEqual(
            host.hints,
            ["\n".join((*STYLE, *SCRIPT)).encode(), b"X-Other\ncaf\xe9"],
        )
        self.assertEqual((reply.outcome, reply.status, reply.body), (0, "200 OK", b"page"))
        self.assertEqual(reply.headers, [("X", "1"), ("Content-Length", "4")])

    def test_it_is_out_when_the_call_returns(self) -> None:
        host = HintedHost()
        seen: list[int] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            environ["wsgi.early_hints"]([STYLE])
            seen.append(len(host.hints))
            start_response("200 OK", [])
            environ["wsgi.early_hints"]([SCRIPT])  # start_response alone sends nothing
            seen.append(len(host.hints))
            return []

        request(application, host)

        self.assertEqual(seen, [1, 2])

    def test_no_headers_are_no_interim_head(self) -> None:
        host = HintedHost()

        self.assertEqual(request(hinting([]), host).outcome, 0)
        self.assertEqual(host.hints, [])


class NotSent(unittest.TestCase):
    def test_once_the_head_is_sent_it_does_nothing(self) -> None:
        host = HintedHost()

        def iterated(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            start_response("200 OK", [])
            yield b"first"
            environ["wsgi.early_hints"]([STYLE])

        def written(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            start_response("200 OK", [])(b"first")
            environ["wsgi.early_hints"]([STYLE])
            return []

        for application in (iterated, written):
            self.assertEqual(request(application, host).body, b"first")
        self.assertEqual(host.hints, [])

    def test_once_the_request_has_ended_it_is_dead_also_while_another_runs(self) -> None:
        host = HintedHost()
        kept: list[Any] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            for hints in kept:
                hints([STYLE])
            kept.append(environ["wsgi.early_hints"])
            start_response("200 OK", [])
            return []

        gateway = gateway_of(host, application)
        exchange(gateway, host)
        kept[0]([STYLE])
        exchange(gateway, host)

        self.assertEqual(host.hints, [])

    def test_those_that_the_host_does_not_take_are_one_warning_for_each_request(self) -> None:
        host = HintedHost(1, 0, 0, 1, 0, 0)
        gateway = gateway_of(host, hinting([STYLE], [STYLE], [STYLE]))

        exchange(gateway, host)
        exchange(gateway, host)

        self.assertEqual(len(host.texts("gateway")), 2)
        self.assertIn("too many early hints", host.texts("gateway")[0])

    def test_a_client_that_left_is_noticed(self) -> None:
        host = HintedHost(-1)

        def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
            environ["wsgi.early_hints"]([STYLE])
            environ["wsgi.early_hints"]([STYLE])
            start_response("200 OK", [])
            yield b""
            raise AssertionError("it was asked for more")

        host.drain_answer = -1
        self.assertEqual(request(application, host).outcome, 3)
        self.assertEqual(len(host.hints), 1)


class Refused(unittest.TestCase):
    def refused(self, headers: Any) -> type[BaseException]:
        """What the application gets for these; nothing may have gone out."""
        host = HintedHost()
        caught: list[type[BaseException]] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            try:
                environ["wsgi.early_hints"](headers)
            except Exception as error:
                caught.append(type(error))
            start_response("200 OK", [])
            return [b"page"]

        self.assertEqual(request(application, host).body, b"page")
        self.assertEqual(host.hints, [])
        self.assertEqual(len(caught), 1, "it was let through")
        return caught[0]

    def test_values_with_control_characters_or_beyond_latin_1(self) -> None:
        for value in ("a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0b", "\x7f", "\u20ac"):
            with self.subTest(value=value):
                self.assertIs(self.refused([STYLE, ("Link", value)]), ValueError)

    def test_names_that_are_no_tokens(self) -> None:
        for name in ("", "a b", "a:", "a\r\n", "\xe9", "Link\0"):
            with self.subTest(name=name):
                self.assertIs(self.refused([(name, "x")]), ValueError)

    def test_what_belongs_to_the_connection_or_frames_a_body(self) -> None:
        for name in ("Connection", "keep-alive", "Transfer-Encoding", "content-length", "Upgrade",
                     "TE", "Trailer", "Proxy-Connection"):  # fmt: skip
            with self.subTest(name=name):
                self.assertIs(self.refused([STYLE, (name, "5")]), ValueError)

    def test_anything_but_a_list_of_pairs_of_strings(self) -> None:
        for headers in ((STYLE,), {"Link": "x"}, None, "ab", [["Link", "x"]], [("Link",)],
                        [(b"Link", "x")], [("Link", b"x")], [("Link", None)]):  # fmt: skip
            with self.subTest(headers=headers):
                self.assertIs(self.refused(headers), TypeError)

    def test_more_than_clients_accept(self) -> None:
        self.assertIs(self.refused([("Link", "x" * HINTS_LIMIT)]), ValueError)

    def test_what_is_refused_and_not_handled_is_a_failure_of_the_application(self) -> None:
        reply = request(hinting([("Link", "a\nb")]))

        self.assertEqual(reply.outcome, 4)
        self.assertIn("holds a control character", reply.text)


if __name__ == "__main__":
    unittest.main()
