"""What scripts of hooks may return, and what it means: mod_wsgi's rules, by identity and type."""

import json
import os
import tempfile
import unittest
from itertools import count
from pathlib import Path
from typing import Any

from fake_host import FakeHost, environ_of, request
from wasgi.by_name import ByName
from wasgi.hook_environ import cut_down, of_dispatch
from wasgi.hook_loader import load
from wasgi.hook_scripts import HookScript
from wasgi.hooks import Hooks
from wasgi.loader import LoadError, Target

_SECOND = 1_000_000_000
_times = count(1)


def write(file: Path, text: str, second: int) -> None:
    """The time of a change is its only sign, and writes of one millisecond may look the same."""
    file.write_text(text)
    os.utime(file, ns=(second * _SECOND, second * _SECOND))


def hooks_of(folder: str, text: str) -> Hooks:
    file = Path(folder, "script.py")
    write(file, text, next(_times))
    script = HookScript(str(file))
    return Hooks(dict.fromkeys(("access", "user", "group", "dispatch"), script))


class Rules(unittest.TestCase):
    def setUp(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.host = FakeHost()

    def ask(self, source: str, **question: Any) -> dict[str, Any]:
        """Put a question to a script of this source, in a request as the host sends it."""
        application = hooks_of(self._folder.name, source)
        environ = environ_of("HEAD", "/p", HTTP_AUTHORIZATION="Basic x", HTTP_ACCEPT="y")
        reply = request(application, self.host, environ, json.dumps(question).encode())
        self.assertEqual(reply.status, "200 OK", reply.text)
        answer: dict[str, Any] = json.loads(reply.header("verdict") or "null")
        return answer

    def outcomes(self, function: str, source: str, rows: dict[str, str], **args: Any) -> None:
        for expression, outcome in rows.items():
            with self.subTest(expression):
                answer = self.ask(source.format(expression), function=function, **args)
                self.assertEqual(answer["outcome"], outcome, self.host.logs)

    def test_access_is_allowed_by_true_and_none_alone(self) -> None:
        rows = {"True": "allowed", "None": "allowed"}
        rows |= dict.fromkeys(("False", "1", "0", "'yes'", "[]", "1 / 0"), "denied")
        source = "def allow_access(environ, host): return {}\n"

        self.outcomes("allow_access", source, rows)
        self.outcomes("allow_access", "nothing = {}\n", {"0": "denied"})
        self.outcomes("allow_access", "import sys\nsys.exit({})\n", {"0": "denied"})

    def test_a_password_is_right_by_true_or_a_name_and_nothing_else(self) -> None:
        rows = {"True": "granted", "'bob'": "granted", "False": "denied", "None": "unknown"}
        wrong = ("1", "0", "''", "b'bob'", "'\\u2603'", "[]", "1 / 0")
        rows |= dict.fromkeys(wrong, "failed")
        source = "def check_password(environ, user, password): return {}\n"
        who = {"user": "alice", "password": "p"}

        self.outcomes("check_password", source, rows, **who)
        self.outcomes("check_password", "nothing = {}\n", {"0": "failed"}, **who)

    def test_a_name_takes_the_place_of_the_user(self) -> None:
        source = "def check_password(environ, user, password): return {}\n"
        who = {"user": "alice", "password": "p"}

        granted = self.ask(source.format("True"), function="check_password", **who)
        renamed = self.ask(source.format("user + password"), function="check_password", **who)

        self.assertEqual((granted["user"], renamed["user"]), ("alice", "alicep"))

    def test_a_hash_is_text_or_bytes_and_not_empty(self) -> None:
        rows = {"'abc'": "known", "b'abc'": "known", "None": "unknown"}
        wrong = ("''", "b''", "5", "True", "'\\u2603'", "1 / 0")
        rows |= dict.fromkeys(wrong, "failed")
        source = "def get_realm_hash(environ, user, realm): return {}\n"

        self.outcomes("get_realm_hash", source, rows, user="alice", realm="r")

    def test_a_user_is_in_the_groups_that_can_be_read(self) -> None:
        granted = ("['staff']", "('a', b'staff')", "{'staff'}", "(g for g in ['x', 'staff'])")
        denied = ("['guests']", "[]", "5", "None", "['staff', 5]", "['staff', '\\u2603']",
                  "'staff'", "1 / 0", "(1 / 0 for _ in 'x')")  # fmt: skip
        rows = dict.fromkeys(granted, "granted") | dict.fromkeys(denied, "denied")
        source = "def groups_for_user(environ, user): return {}\n"

        self.outcomes("groups_for_user", source, rows, user="alice", required=["root", "staff"])

    def test_dispatch_functions_choose_by_text_or_bytes(self) -> None:
        rows = {"None": "routed", "'a'": "routed", "b'a'": "routed", "''": "routed"}
        rows |= dict.fromkeys(("5", "True", "'\\u2603'", "['a']", "1 / 0"), "failed")
        source = "def process_group(environ): return {}\n"

        self.outcomes("dispatch", source, rows)

    def test_dispatch_functions_are_optional_and_none_keeps_what_is_configured(self) -> None:
        source = "def callable_object(e): return b'x'\ndef application_group(e): return None\n"

        answer = self.ask(source, function="dispatch")

        self.assertEqual(answer, {"outcome": "routed", "callable_object": "x"})

    def test_a_dispatch_script_that_cannot_be_imported_changes_nothing(self) -> None:
        answer = self.ask("raise ValueError('no routes')\n", function="dispatch")

        self.assertEqual(answer, {"outcome": "routed"})
        self.assertIn("no routes", "".join(self.host.texts("wsgi.errors")))


class Environs(unittest.TestCase):
    def environ(self) -> dict[str, Any]:
        credentials = {"HTTP_AUTHORIZATION": "Basic x", "HTTP_PROXY_AUTHORIZATION": "y"}
        more = {"wsgi.input": object(), "wsgi.errors": object(), "wsgi.early_hints": object()}
        ours = {"mod_wsgi.callable_object": "application", "mod_wsgi.process_group": "default"}
        return {**environ_of(HTTP_COOKIE="c"), **credentials, **more, **ours}

    def test_who_may_pass_is_decided_without_credentials_and_body(self) -> None:
        kept = cut_down(self.environ())

        self.assertEqual(kept["HTTP_COOKIE"], "c")
        self.assertEqual(kept["mod_wsgi.process_group"], "")
        self.assertIs(kept["mod_ssl.is_https"](), False)
        self.assertEqual(kept["mod_ssl.var_lookup"](b"HTTPS"), "off")
        gateway = {key for key in kept if key.startswith("wsgi.")}
        self.assertEqual(gateway, {"wsgi.errors"})
        self.assertFalse({"HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION"} & set(kept))

    def test_dispatch_sees_all_but_the_body_and_what_it_is_to_choose(self) -> None:
        environ = self.environ()

        seen = of_dispatch(environ)

        missing = {"wsgi.input", "wsgi.early_hints", "mod_wsgi.callable_object"}
        self.assertEqual(set(environ) - set(seen), missing)
        self.assertEqual(seen["mod_wsgi.process_group"], "")


class Scripts(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name, "script.py")

    def write(self, text: str, second: int) -> None:
        write(self.file, text, second)

    def spec(self, kind: str, function: str | None) -> dict[str, Any]:
        return {"kind": kind, "target": "script.py", "file": str(self.file), "function": function}

    def test_a_module_stays_until_its_file_changes_and_either_way_is_a_change(self) -> None:
        script = HookScript(str(self.file))
        self.write("value = 1\n", 2_000)
        first = script.module()
        same = script.module()
        self.write("value = 2\n", 1_999)
        second = script.module()

        self.assertIs(same, first)
        self.assertEqual((first.value, second.value), (1, 2))
        self.assertTrue(second.__name__.startswith("_mod_wsgi_"))

    def test_a_file_that_is_gone_is_not_served_from_memory(self) -> None:
        script = HookScript(str(self.file))
        self.write("value = 1\n", 2_000)
        script.module()
        self.file.unlink()

        self.assertRaises(FileNotFoundError, script.module)

    def test_scripts_that_let_people_in_must_load(self) -> None:
        self.write("def other(): ...\n", 1)
        target = Target("script.py", None, None, None, False, [self.spec("user", "check_password")])

        with self.assertRaises(LoadError) as caught:
            load(target)

        self.assertEqual(caught.exception.code, "WASGI_ERR_APP_CALLABLE")

    def test_one_file_for_two_hooks_is_loaded_once(self) -> None:
        self.write("import sys\nsys.loaded = getattr(sys, 'loaded', 0) + 1\n"
                   "allow_access = groups_for_user = print\n", 1)  # fmt: skip
        specs = [self.spec("access", "allow_access"), self.spec("group", "groups_for_user")]

        found = load(Target("script.py", None, None, None, False, specs))

        self.assertEqual(getattr(__import__("sys"), "loaded", 0), 1)
        self.assertEqual(found.label, "script.py:allow_access, script.py:groups_for_user")


class Chosen(unittest.TestCase):
    def test_a_callable_is_chosen_from_the_module_and_not_from_beyond(self) -> None:
        def answer(name: str) -> Any:
            def application(environ: Any, start_response: Any) -> list[bytes]:
                start_response("200 OK", [])
                return [f"{name} {environ.get('mod_wsgi.callable_object')}".encode()]

            return application

        module: Any = type(os)("site")
        module.other, module.number, module.os = answer("other"), 5, os
        application = ByName(answer("application"), module)

        def status_of(name: str | None) -> tuple[str, bytes]:
            more = {} if name is None else {"wasgi.callable_object": name}
            reply = request(application, environ=environ_of(**more))
            return reply.status, reply.body

        self.assertEqual(status_of(None), ("200 OK", b"application application"))
        self.assertEqual(status_of("other"), ("200 OK", b"other other"))
        for name in ("missing", "number", "os.getpid", "os", "__doc__"):
            self.assertEqual(status_of(name)[0], "404 Not Found", name)


if __name__ == "__main__":
    unittest.main()
