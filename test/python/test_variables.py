"""os.environ by demand: which accesses ask the host for a value, and which must not."""

import copy
import os
import unittest
from collections.abc import Callable
from typing import Any
from unittest import mock

import fake_host  # noqa: F401 - puts the package on the module path
from wasgi import variables

EAGER = {"TZ": "UTC", "HOME": "/root"}


class Environment(unittest.TestCase):
    def setUp(self) -> None:
        before = dict(os.environ)
        self.addCleanup(self.restore, type(os.environ), os.environ._data, before)  # type: ignore[attr-defined]
        self.host = {"SECRET": "s3cret", "TOKEN": "t"}
        self.fetched: list[str] = []
        variables.install(list(self.host), EAGER, self.fetch)

    def restore(self, kind: Any, data: Any, before: dict[str, str]) -> None:
        os.environ.clear()
        for mapping in (os.environ, os.environb):
            mapping.__class__ = kind
            mapping._data = data  # type: ignore[union-attr]
        os.environ.update(before)
        variables._set_time_zone()

    def fetch(self, name: str) -> str:
        self.fetched.append(name)
        return self.host[name]

    def names_read(self) -> list[str]:
        return [read["name"] for read in variables.reads()]


class Looking(Environment):
    """Without reading."""

    def test_only_what_was_passed_is_there(self) -> None:
        self.assertEqual(sorted(os.environ), ["HOME", "SECRET", "TOKEN", "TZ"])
        self.assertEqual(len(os.environ), 4)

    def test_names_can_be_looked_at_without_their_values(self) -> None:
        for look in (
            lambda: self.assertIn("SECRET", os.environ),
            lambda: self.assertIn(b"SECRET", os.environb),
            lambda: self.assertIn("SECRET", os.environ.keys()),
            lambda: self.assertNotIn("OTHER", os.environ),
            lambda: self.assertIn("SECRET", list(os.environ)),
            lambda: self.assertIn(b"SECRET", list(os.environb)),
            lambda: self.assertTrue(os.environ and len(os.environ.keys())),
            lambda: self.assertEqual(os.environ["HOME"], "/root"),
            lambda: self.assertIsNone(os.environ.get("OTHER")),
        ):
            look()

            self.assertEqual(self.fetched, [])
        self.assertEqual(variables.reads(), [])

    def test_a_key_of_the_wrong_type_is_told_so(self) -> None:
        with self.assertRaises(TypeError):
            5 in os.environ  # type: ignore[operator] # noqa: B015

    def test_names_can_be_deleted_without_their_values(self) -> None:
        del os.environ["SECRET"]
        os.environ.clear()

        self.assertEqual((self.fetched, list(os.environ)), ([], []))

    def test_writing_wins_over_the_host(self) -> None:
        os.environ["SECRET"] = "mine"
        os.environ.update(TOKEN="too")

        self.assertEqual((os.environ["SECRET"], os.getenv("TOKEN")), ("mine", "too"))
        self.assertEqual(self.fetched, [])

    def test_an_unread_value_is_nowhere_in_memory(self) -> None:
        self.assertNotIn("s3cret", str(vars(os.environ["HOME"].__class__)) + repr(os.environ._data))  # type: ignore[attr-defined]
        self.assertEqual(self.fetched, [])


class Reading(Environment):
    def test_every_way_to_a_value_leads_to_it(self) -> None:
        ways: list[Callable[[], Any]] = [
            lambda: os.environ["SECRET"],
            lambda: os.environ.get("SECRET"),
            lambda: os.environ.get("SECRET", "default"),
            lambda: os.getenv("SECRET"),
            lambda: os.environ.setdefault("SECRET", "default"),
            lambda: os.environ.pop("SECRET"),
            lambda: os.environ.copy()["SECRET"],
            lambda: dict(os.environ)["SECRET"],
            lambda: {**os.environ}["SECRET"],
            lambda: dict(os.environ.items())["SECRET"],
            lambda: next(value for value in os.environ.values() if value.startswith("s3")),
            lambda: (os.environ | {})["SECRET"],
            lambda: ({} | os.environ)["SECRET"],  # type: ignore[operator]
            lambda: copy.copy(os.environ)["SECRET"],
            lambda: copy.deepcopy(os.environ)["SECRET"],
            lambda: os.environb[b"SECRET"].decode(),
            lambda: os.getenvb(b"SECRET").decode(),  # type: ignore[union-attr]
            lambda: dict(os.environ._data)[b"SECRET"].decode(),  # type: ignore[attr-defined]
            lambda: os.environ._data.copy()[b"SECRET"].decode(),  # type: ignore[attr-defined]
            lambda: os.environ._data.get(b"SECRET").decode(),  # type: ignore[attr-defined]
            lambda: (os.environ._data | {})[b"SECRET"].decode(),  # type: ignore[attr-defined]
        ]
        for number, way in enumerate(ways):
            with self.subTest(number=number):
                variables.install(["SECRET"], EAGER, self.fetch)
                self.fetched.clear()

                self.assertEqual(way(), "s3cret")
                self.assertEqual(self.fetched, ["SECRET"])
                self.assertEqual(self.names_read(), ["SECRET"])

    def test_comparing_and_printing_read_all(self) -> None:
        self.assertEqual(os.environ, {**EAGER, **self.host})
        self.assertIn("'SECRET': 's3cret'", repr(os.environ))
        self.assertEqual(sorted(self.fetched), ["SECRET", "TOKEN"])

    def test_a_value_is_asked_for_once(self) -> None:
        for _ in range(3):
            os.environ["SECRET"]
            os.environb[b"SECRET"]

        self.assertEqual((self.fetched, self.names_read()), (["SECRET"], ["SECRET"]))

    def test_a_value_that_is_gone_is_a_missing_name(self) -> None:
        del self.host["SECRET"]

        with self.assertRaises(KeyError) as caught:
            os.environ["SECRET"]
        self.assertEqual(caught.exception.args, ("SECRET",))
        self.assertEqual(os.environ.get("SECRET", "default"), "default")
        self.assertNotIn("SECRET", os.environ)
        self.assertEqual(variables.reads(), [])

    def test_a_value_that_is_no_utf8_survives(self) -> None:
        self.host["SECRET"] = "caf\udce9 ü"

        self.assertEqual(os.environ["SECRET"], "caf\udce9 ü")
        self.assertEqual(os.environb[b"SECRET"], b"caf\xe9 \xc3\xbc")

    def test_a_dictionary_that_is_patched_is_put_back(self) -> None:
        with mock.patch.dict(os.environ, {"SECRET": "patched", "NEW": "1"}):
            self.assertEqual(os.environ["SECRET"], "patched")

        self.assertEqual(os.environ["SECRET"], "s3cret")
        self.assertNotIn("NEW", os.environ)

    @unittest.skipUnless(hasattr(os, "reload_environ"), "since Python 3.14")
    def test_reading_cs_environment_anew_keeps_what_c_does_not_know(self) -> None:
        os.environ["TOKEN"]
        os.putenv("FROM_C", "1")
        self.addCleanup(os.unsetenv, "FROM_C")

        os.reload_environ()  # type: ignore[attr-defined]

        self.assertEqual(sorted(os.environ), ["FROM_C", "HOME", "SECRET", "TOKEN", "TZ"])
        self.assertEqual(self.fetched, ["TOKEN"])
        self.assertEqual(os.environ["SECRET"], "s3cret")


class Places(Environment):
    def read_in(self, file: str, text: str, **names: Any) -> str:
        exec(compile(text, file, "exec"), names)
        return variables.reads()[-1]["where"]

    def test_the_line_that_read_is_known(self) -> None:
        where = self.read_in("/srv/shop.py", "import os\n\nos.environ['SECRET']\n")

        self.assertEqual(where, "/srv/shop.py:3")

    def test_the_applications_line_is_preferred_to_a_packages(self) -> None:
        package: dict[str, Any] = {}
        text = "import os\ndef read():\n    return os.getenv('SECRET')\n"
        exec(compile(text, "/usr/lib/python3/dist-packages/env.py", "exec"), package)

        where = self.read_in("/app/shop.py", "\nvalue = read()\n", read=package["read"])

        self.assertEqual(where, "/app/shop.py:2")

    def test_a_packages_line_is_preferred_to_the_librarys(self) -> None:
        library: dict[str, Any] = {}
        text = "def read():\n    import os\n    return dict(os.environ.items())\n"
        exec(compile(text, os.path.dirname(os.__file__) + "/netrc.py", "exec"), library)

        where = self.read_in("/srv/env.py", "read()\n", read=library["read"])

        self.assertEqual(where, "/srv/env.py:1")


class Refreshing(Environment):
    def test_names_come_and_go(self) -> None:
        os.environ["SECRET"]
        self.host["NEW"] = "n"

        variables.refresh(["NEW"], {"TZ": "Europe/Prague", "LANG": "C"})

        self.assertEqual(self.fetched, ["SECRET"])
        self.assertEqual(os.environ, {"TZ": "Europe/Prague", "LANG": "C", "NEW": "n"})

    def test_what_was_read_stays_and_what_was_not_stays_unread(self) -> None:
        os.environ["SECRET"]
        self.host.update(SECRET="changed", TOKEN="changed")

        variables.refresh(list(self.host), EAGER)

        self.assertEqual((os.environ["SECRET"], os.environ["TOKEN"]), ("s3cret", "changed"))
        self.assertEqual(self.fetched, ["SECRET", "TOKEN"])

    def test_a_stale_value_is_read_anew(self) -> None:
        os.environ["SECRET"]
        self.host["SECRET"] = "changed"

        variables.refresh(list(self.host), EAGER, ["SECRET"])

        self.assertEqual(self.fetched, ["SECRET"])
        self.assertEqual(os.environ["SECRET"], "changed")

    def test_what_the_application_decided_stands(self) -> None:
        os.environ.update(SECRET="mine", TZ="Asia/Kolkata", OWN="1")
        os.environ.pop("TOKEN")
        del os.environ["HOME"]

        variables.refresh(list(self.host), EAGER, list(self.host))

        self.assertEqual(os.environ, {"SECRET": "mine", "TZ": "Asia/Kolkata", "OWN": "1"})

    def test_a_value_may_become_one_by_demand_and_back(self) -> None:
        self.host["HOME"] = "/home"

        variables.refresh(["HOME", "TOKEN"], {"SECRET": "given"})
        self.assertEqual((os.environ["SECRET"], self.fetched), ("given", []))
        self.assertEqual((os.environ["HOME"], self.fetched), ("/home", ["HOME"]))

        variables.refresh(["SECRET"], {"HOME": "/root"})
        self.assertEqual((os.environ["HOME"], os.environ["SECRET"]), ("/root", "s3cret"))

    @unittest.skipUnless(hasattr(os, "reload_environ"), "C's environment can be seen since 3.14")
    def test_cs_environment_has_the_eager_values_only(self) -> None:
        from posix import _create_environ  # type: ignore[attr-defined]

        os.environ["SECRET"]

        self.assertEqual(
            _create_environ(), {os.fsencode(n): os.fsencode(v) for n, v in EAGER.items()}
        )
        variables.refresh(["HOME"], {})
        self.assertEqual(_create_environ(), {})


if __name__ == "__main__":
    unittest.main()
