"""RequestTimeout: raised in the code of the request that is late, once, and nowhere else."""

import os
import signal
import unittest
from typing import Any

from fake_host import FakeHost, request
from wasgi import timeouts
from wasgi.handler import Gateway
from wasgi.timeouts import SIGNAL, RequestTimeout


def interrupt() -> None:
    """What the host does, seen from inside: a signal while Python computes."""
    os.kill(os.getpid(), SIGNAL)


class Timeouts(unittest.TestCase):
    def setUp(self) -> None:
        self.host = FakeHost()
        before = signal.getsignal(SIGNAL)
        self.addCleanup(signal.signal, SIGNAL, before)
        timeouts.install(self.host, Gateway.answer.__code__)

    def test_the_signal_is_xcpu(self) -> None:
        self.assertEqual(SIGNAL, signal.SIGXCPU)

    def test_a_late_request_is_interrupted_in_its_own_code(self) -> None:
        raised: list[BaseException] = []

        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            self.host.late = True
            try:
                interrupt()
            except Exception:
                self.fail("it is no Exception")
            except BaseException as error:
                raised.append(error)
                raise
            return []

        reply = request(application, self.host)

        self.assertIsInstance(raised[0], RequestTimeout)
        self.assertEqual(reply.outcome, 4)
        self.assertTrue(reply.text.endswith("takes longer than request_timeout\n"), reply.text)

    def test_it_is_interrupted_once(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            self.host.late = True
            try:
                interrupt()
            except RequestTimeout:
                interrupt()
                start_response("200 OK", [])
            return [b"recovered"]

        self.assertEqual(request(application, self.host).body, b"recovered")

    def test_a_signal_for_a_request_that_is_over_is_not_for_the_next_one(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            interrupt()
            start_response("200 OK", [])
            return [b"on time"]

        self.assertEqual(request(application, self.host).body, b"on time")

    def test_outside_of_a_request_nothing_is_raised_and_the_news_is_kept(self) -> None:
        self.host.late = True

        interrupt()

        self.assertTrue(self.host.late)

    def test_the_traceback_ends_in_the_application(self) -> None:
        def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            self.host.late = True
            interrupt()
            return []

        lines = request(application, self.host).text.splitlines()

        files = [line for line in lines if line.startswith('  File "')]
        self.assertIn("test_timeouts.py", files[-1])
        self.assertIn("in interrupt", files[-1])


if __name__ == "__main__":
    unittest.main()
