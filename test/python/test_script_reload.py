"""mod_wsgi's `reload_required`, asked before each request."""

import types
import unittest
from typing import Any

from fake_host import FakeHost, exchange, gateway_of
from shapes import answering
from wasgi.events import EVENTS
from wasgi.handler import STALE
from wasgi.script_reload import consulted


def module_of(**names: Any) -> types.ModuleType:
    module = types.ModuleType("script")
    vars(module).update(names)
    return module


class ReloadRequired(unittest.TestCase):
    def test_a_script_without_the_function_is_not_asked(self) -> None:
        self.assertIsNone(consulted(module_of(), "/app/app.py"))
        self.assertIsNone(consulted(module_of(reload_required=1), "/app/app.py"))

    def test_it_is_given_the_script_and_what_it_returns_decides(self) -> None:
        asked: list[str] = []
        answers: list[Any] = [0, "yes"]
        host = FakeHost()
        gateway = gateway_of(host, answering([b"old"]))
        module = module_of(reload_required=lambda path: asked.append(path) or answers.pop(0))
        behind = consulted(module, "/app/app.py")
        assert behind is not None
        gateway.consult(behind, 0)

        self.assertEqual(exchange(gateway, host).body, b"old")
        self.assertEqual(exchange(gateway, host).outcome, STALE)

        # One that has been asked for already is not asked again.
        self.assertEqual(exchange(gateway, host, number=~0).body, b"old")
        self.assertEqual(asked, ["/app/app.py", "/app/app.py"])

    def test_a_request_that_waits_for_new_code_is_no_event_before_it_has_it(self) -> None:
        told: list[str] = []
        objects: list[Any] = []

        def follow(name: str, **event: Any) -> None:
            told.append(name)
            objects.append(event.get("application_object"))

        application = answering([b"old"])
        host = FakeHost()
        gateway = gateway_of(host, application)
        behind = consulted(module_of(reload_required=lambda _path: not told), "/app/app.py")
        assert behind is not None
        gateway.consult(behind, 0)
        self.addCleanup(EVENTS.__init__)
        self.addCleanup(setattr, EVENTS, "watch", None)
        EVENTS.subscribe(follow)

        self.assertEqual(exchange(gateway, host).outcome, STALE)
        self.assertEqual(told, [])
        self.assertEqual(exchange(gateway, host, number=~0).body, b"old")

        self.assertEqual(told, ["request_started", "response_started", "request_finished"])
        self.assertIs(objects[0], application)

    def test_what_it_raises_is_logged_and_is_no_reason(self) -> None:
        def required(_path: str) -> bool:
            raise OSError("no idea")

        host = FakeHost()
        gateway = gateway_of(host, answering([b"old"]))
        behind = consulted(module_of(reload_required=required), "/app/app.py")
        assert behind is not None
        gateway.consult(behind, 0)

        self.assertEqual(exchange(gateway, host).body, b"old")
        self.assertIn("OSError: no idea", str(host.logs))


if __name__ == "__main__":
    unittest.main()
