"""Finding the application in files and modules made for each test."""

import itertools
import shutil
import string  # noqa: F401 - a module that is loaded, whose name a file may have
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from types import ModuleType

import fake_host  # noqa: F401 - puts the package on the module path
from wasgi.loader import Found, LoadError, Target, load

APP = "def {name}(environ, start_response):\n    return []\n"
_numbers = itertools.count()


class Loading(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(tempfile.mkdtemp()).resolve()
        self.addCleanup(shutil.rmtree, self.root)
        modules, path, flag = set(sys.modules), list(sys.path), sys.dont_write_bytecode
        sys.dont_write_bytecode = True

        def restore() -> None:
            for name in set(sys.modules) - modules:
                del sys.modules[name]
            sys.path[:] = path
            sys.dont_write_bytecode = flag

        self.addCleanup(restore)

    def write(self, name: str, text: str) -> str:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
        return str(file)

    def load(self, text: str, callable: str | None = None, call: bool = False) -> Found:
        # A name of its own for each: a module may not be found in a cache of another test.
        name = f"app{next(_numbers)}.py"
        target = name if callable is None else f"{name}:{callable}"
        found = load(Target(target, self.write(name, text), None, callable, call))
        return Found(found.application, found.label.replace(name, "app.py"))

    def refusal(self, text: str, callable: str | None = None, call: bool = False) -> LoadError:
        with self.assertRaises(LoadError) as caught:
            self.load(text, callable, call)
        return caught.exception


class Callables(Loading):
    def test_the_usual_names_are_tried_in_their_order(self) -> None:
        names = ("application", "app", "create_app", "make_app")
        for first in range(4):
            text = "".join(
                APP.format(name=name)
                if name.startswith("app")
                else f"def {name}():\n    return lambda environ, start_response: []\n"
                for name in reversed(names[first:])
            )

            label = self.load(text).label

            self.assertEqual(label, "app.py:" + names[first] + ("()" if first > 1 else ""))

    def test_a_usual_name_that_cannot_be_called_is_passed_over(self) -> None:
        found = self.load("application = None\n" + APP.format(name="app"))

        self.assertEqual(found.label, "app.py:app")

    def test_a_name_that_was_given_is_taken(self) -> None:
        found = self.load(APP.format(name="app") + APP.format(name="other"), "other")

        self.assertEqual((found.application.__name__, found.label), ("other", "app.py:other"))

    def test_a_dotted_name_is_an_attribute(self) -> None:
        text = (
            "class Site:\n    @staticmethod\n    def wsgi(environ, start_response):\n        pass\n"
        )

        self.assertEqual(self.load(text, "Site.wsgi").label, "app.py:Site.wsgi")

    def test_a_factory_is_called_without_arguments(self) -> None:
        text = (
            "def build():\n    def made(environ, start_response):\n        pass\n    return made\n"
        )

        found = self.load(text, "build", call=True)

        self.assertEqual((found.application.__name__, found.label), ("made", "app.py:build()"))

    def test_a_class_may_be_an_application(self) -> None:
        text = "class App:\n    def __init__(self, environ, start_response):\n        pass\n"

        self.assertEqual(self.load(text, "App").label, "app.py:App")

    def test_what_a_factory_raises_is_a_failed_import_with_its_traceback(self) -> None:
        error = self.refusal("def create_app(config):\n    pass\n")

        self.assertEqual(error.code, "WASGI_ERR_APP_IMPORT")
        self.assertIn("missing 1 required positional argument", error.arguments[1])
        self.assertIn("TypeError", error.traceback)

    def test_a_factory_that_makes_nothing_is_named(self) -> None:
        error = self.refusal("def create_app():\n    pass\n")

        self.assertEqual(error.code, "WASGI_ERR_APP_CALLABLE")
        self.assertIn("create_app() is None", error.arguments[1])

    def test_a_missing_name_is_answered_with_those_that_there_are(self) -> None:
        error = self.refusal(
            "import os\nfrom json import loads\n_hidden = print\nsite = type('S', (), "
            "{'__call__': print})()\n" + APP.format(name="serve"), "wsgi"
        )  # fmt: skip

        self.assertEqual(error.code, "WASGI_ERR_APP_CALLABLE")
        self.assertIn("it defines no wsgi, but site, serve look callable", error.arguments[1])
        self.assertEqual(len(error.arguments), 3)
        self.assertNotIn(":", error.arguments[0])

    def test_a_module_without_anything_says_what_was_tried(self) -> None:
        error = self.refusal("x = 1\n")

        self.assertEqual(error.code, "WASGI_ERR_APP_CALLABLE")
        self.assertIn("application, app, create_app() and make_app()", error.arguments[1])

    def test_a_name_that_cannot_be_called_is_named_with_its_type(self) -> None:
        error = self.refusal("x = 1\n", "x")

        self.assertIn("x is of type int, which cannot be called", error.arguments[1])

    def test_an_asgi_application_is_recognised(self) -> None:
        for text, name in (
            ("async def app(scope, receive, send):\n    pass\n", None),
            ("async def app(scope, receive, send):\n    pass\n", "app"),
            ("class A:\n    async def __call__(self, s, r, t):\n        pass\nx = A()\n", "x"),
        ):
            error = self.refusal(text, name)

            self.assertEqual(error.code, "WASGI_ERR_APP_CALLABLE")
            self.assertIn("ASGI", error.arguments[1])


class Files(Loading):
    def test_a_file_is_the_module_of_its_name(self) -> None:
        file = self.write("solo_a.py", "import solo_b\n" + APP.format(name="app"))
        self.write("solo_b.py", "import sys\nmodule = sys.modules['solo_a']\n")

        found = load(Target("solo_a.py", file, None, None, False))

        self.assertEqual(found.application.__module__, "solo_a")
        self.assertEqual(sys.path[0], str(self.root))

    def test_code_for_the_command_line_does_not_run(self) -> None:
        self.load(APP.format(name="app") + "if __name__ == '__main__':\n    raise SystemExit\n")

    def test_a_name_that_python_uses_itself_is_no_obstacle(self) -> None:
        for name in ("string.py", "sys.py", "__main__.py", "wasgi.py"):
            with self.subTest(name=name):
                loaded = sys.modules[name[:-3]]
                file = self.write(name, APP.format(name="app"))

                found = load(Target(name, file, None, None, False))

                self.assertEqual(found.application.__code__.co_filename, file)
                self.assertIs(sys.modules[name[:-3]], loaded)

    def test_a_name_that_cannot_be_imported_is_no_obstacle(self) -> None:
        for name in ("my-app.py", "app.wsgi", "2.py", "noending"):
            with self.subTest(name=name):
                file = self.write(name, APP.format(name="app"))

                self.assertTrue(callable(load(Target(name, file, None, None, False)).application))

    def test_a_package_of_the_same_name_beside_it_is_not_taken_for_it(self) -> None:
        self.write("twin/__init__.py", "app = None\n")
        file = self.write("twin.py", APP.format(name="app"))

        found = load(Target("twin.py", file, None, None, False))

        self.assertEqual(found.application.__code__.co_filename, file)

    def test_a_file_that_is_not_there_is_not_found(self) -> None:
        with self.assertRaises(LoadError) as caught:
            load(Target("x.py", str(self.root / "x.py"), None, None, False))

        self.assertEqual(caught.exception.code, "WASGI_ERR_APP_NOT_FOUND")

    def test_two_files_of_one_name_are_two_modules(self) -> None:
        first = self.write("one/twice.py", "application = lambda environ, start_response: [b'1']")
        second = self.write("two/twice.py", "application = lambda environ, start_response: [b'2']")
        third = self.write("three/twice.py", "application = lambda environ, start_response: [b'3']")

        found = [load(Target(file, file, None, None, False)) for file in (first, second, third)]

        self.assertEqual([each.application({}, None) for each in found], [[b"1"], [b"2"], [b"3"]])
        again = load(Target(third, third, None, None, False))
        self.assertIsNot(again.application, found[1].application)

    def test_a_module_that_another_application_has_is_not_taken_for_ones_own(self) -> None:
        module = ModuleType("taken_elsewhere")
        module.__file__ = "/app/taken_elsewhere.py"
        sys.modules["taken_elsewhere"] = module
        target = Target("taken_elsewhere", None, "taken_elsewhere", None, False, root="/app2")

        with self.assertRaises(LoadError) as caught:
            load(target)

        self.assertEqual(caught.exception.code, "WASGI_ERR_APP_NOT_FOUND")
        self.assertIn("application_group", caught.exception.arguments[1])

    def test_a_failed_import_leaves_no_half_of_a_module(self) -> None:
        file = self.write("my-broken.py", "1 / 0\n")
        before = set(sys.modules)

        with self.assertRaises(LoadError):
            load(Target("my-broken.py", file, None, None, False))

        self.assertEqual(set(sys.modules), before)


class Modules(Loading):
    def module(self, name: str, file: str | None = None) -> Found:
        return load(Target(f"{name}:app", file, name, "app", False))

    def test_a_module_of_a_package_is_imported_with_its_package(self) -> None:
        self.write("pack_a/__init__.py", "")
        self.write("pack_a/other.py", "")
        file = self.write("pack_a/web.py", "from . import other\n" + APP.format(name="app"))

        found = self.module("pack_a.web", file)

        self.assertEqual(found.application.__module__, "pack_a.web")
        self.assertEqual(found.label, "pack_a.web:app")
        self.assertEqual(sys.path[0], str(self.root))

    def test_a_package_itself_is_a_module_too(self) -> None:
        file = self.write("pack_b/__init__.py", APP.format(name="app"))

        found = self.module("pack_b", file)

        self.assertEqual(found.application.__module__, "pack_b")
        self.assertEqual(sys.path[0], str(self.root))

    def test_a_module_that_is_not_there_is_not_found(self) -> None:
        sys.path.insert(0, str(self.root))
        self.write("pack_c/__init__.py", "")
        for name in ("nowhere_at_all", "pack_c.nowhere", "nowhere.deep"):
            with self.subTest(name=name), self.assertRaises(LoadError) as caught:
                self.module(name)
            self.assertEqual(caught.exception.code, "WASGI_ERR_APP_NOT_FOUND")

    def test_a_module_that_it_imports_in_vain_is_a_failed_import(self) -> None:
        sys.path.insert(0, str(self.root))
        self.write("pack_d.py", "import nowhere_either\n")

        with self.assertRaises(LoadError) as caught:
            self.module("pack_d")

        self.assertEqual(caught.exception.code, "WASGI_ERR_APP_IMPORT")


class Failures(Loading):
    def test_a_syntax_error_names_file_and_line_and_shows_the_place(self) -> None:
        file = self.write("broken_a.py", "x = 1\ndef app(:\n    pass\n")

        with self.assertRaises(LoadError) as caught:
            load(Target("broken_a.py", file, None, None, False))

        error = caught.exception
        self.assertEqual(error.code, "WASGI_ERR_APP_SYNTAX")
        self.assertEqual(error.arguments[0], "broken_a.py")
        self.assertIn("(line 2)", error.arguments[1])
        self.assertIn("def app(:\n", error.traceback)
        self.assertIn("^", error.traceback)
        self.assertNotIn("loader.py", error.traceback)

    def test_a_syntax_error_in_an_imported_file_names_that_file(self) -> None:
        other = self.write("broken_b.py", "1 +\n")

        error = self.refusal("import broken_b\n")

        self.assertEqual((error.code, error.arguments[0]), ("WASGI_ERR_APP_SYNTAX", other))

    def test_a_failed_import_has_pythons_traceback_from_the_application_on(self) -> None:
        error = self.refusal("def f():\n    return 1 / 0\n\nf()\n")

        self.assertEqual(error.code, "WASGI_ERR_APP_IMPORT")
        self.assertEqual(error.arguments[1], "ZeroDivisionError: division by zero")
        lines = error.traceback.splitlines()
        self.assertEqual(lines[0], "Traceback (most recent call last):")
        self.assertRegex(lines[1], r'app\d+\.py", line 4, in <module>')
        self.assertNotIn("importlib", error.traceback)
        self.assertNotIn("loader.py", error.traceback)

    def test_the_chain_of_causes_is_kept_and_trimmed_as_well(self) -> None:
        self.write("inner_e.py", "raise KeyError('inner')\n")

        error = self.refusal(
            "try:\n    import inner_e\nexcept KeyError as e:\n    raise ValueError('outer') from e\n"
        )

        self.assertIn("KeyError: 'inner'", error.traceback)
        self.assertIn("direct cause", error.traceback)
        self.assertNotIn("importlib", error.traceback)

    def test_leaving_the_process_while_importing_is_a_failed_import(self) -> None:
        for text in ("raise SystemExit(3)\n", "raise KeyboardInterrupt\n"):
            error = self.refusal(text)

            self.assertEqual(error.code, "WASGI_ERR_APP_IMPORT")


if __name__ == "__main__":
    unittest.main()
