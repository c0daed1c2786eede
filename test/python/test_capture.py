"""A capture from its begin to the copies: what is reported, what is refused, what is renewed."""

import asyncio
import ctypes
import gc
import io
import linecache
import logging
import os
import random
import socket
import sqlite3
import sys
import tempfile
import types
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from fake_host import FakeHost
from wasgi import capture, obstacles, origins, process, snapshot, uniqueness, variables
from wasgi.loop import GuestEventLoop
from wasgi.module_sizes import module_sizes
from wasgi.snapshot import HookError, after_restore, before_snapshot

SETTINGS: dict[str, Any] = {"generation": 1, "names": [], "values": {}, "stale": []}


class Capturing(unittest.TestCase):
    def setUp(self) -> None:
        for hooks in (snapshot._before, snapshot._after):
            self.addCleanup(hooks.__setitem__, slice(None), list(hooks))
            hooks.clear()
        for name, replacement in {"freeze": mock.Mock(), "collect": mock.Mock()}.items():
            patch = mock.patch.object(gc, name, replacement)
            patch.start()
            self.addCleanup(patch.stop)
        # The tests' own modules are loaded from folders that they must go on finding.
        for owner, name in ((sys, "path_importer_cache"), (linecache, "cache"), (sys, "argv")):
            patch = mock.patch.object(owner, name, type(getattr(owner, name))(getattr(owner, name)))
            patch.start()
            self.addCleanup(patch.stop)
        self.addCleanup(snapshot._set_generation, 0)
        self.addCleanup(snapshot._set_capturing, False)
        self.addCleanup(uniqueness.stop_counting)
        self.addCleanup(random.seed)

    def module(self, name: str, text: str = "", **names: Any) -> types.ModuleType:
        """A module of the application."""
        module = types.ModuleType(name)
        vars(module).update(names)
        sys.modules[name] = module
        self.addCleanup(sys.modules.pop, name, None)
        exec(compile(text, f"/app/{name}.py", "exec"), vars(module))
        return module


class Reports(Capturing):
    def test_a_capture_without_obstacles_is_reported(self) -> None:
        capture.begin()
        self.module("shop", "import os\ntoken = os.urandom(8)\ndef view():\n    return token\n")
        before_snapshot(lambda: None)
        after_restore(lambda: None)

        report = capture.prepare()

        self.assertIs(report["ok"], True, report)
        self.assertEqual(report["random"], [{"where": "shop (/app/shop.py:2)", "count": 1}])
        self.assertEqual((report["hooks"], report["variables"]), (2, variables.reads()))
        self.assertGreater(report["modules"]["shop"], 100)
        gc.freeze.assert_called_once_with()  # type: ignore[attr-defined]

    def test_the_application_can_tell_a_capture(self) -> None:
        told = []
        before_snapshot(lambda: told.append(snapshot.is_capturing()))
        capture.begin()
        told.append(snapshot.is_capturing())

        capture.prepare()

        told.append(snapshot.is_capturing())
        self.assertEqual(told, [True, True, False])

    def test_afterwards_nothing_is_counted(self) -> None:
        native = os.urandom
        capture.begin()
        self.assertIsNot(os.urandom, native)

        capture.prepare()

        self.assertIs(os.urandom, native)

    def test_a_hook_may_remove_the_obstacle(self) -> None:
        capture.begin()
        file = tempfile.TemporaryFile()  # noqa: SIM115
        self.addCleanup(file.close)
        before_snapshot(file.close)
        number = file.fileno()

        report = capture.prepare()

        self.assertNotIn(number, [entry["fd"] for entry in report["open"]])


class Refusals(Capturing):
    def test_a_hook_that_fails_is_named_and_shown(self) -> None:
        module = self.module("shop", "def close():\n    raise OSError('still in use')\n")
        capture.begin()
        before_snapshot(module.close)

        report = capture.prepare()

        self.assertEqual(
            (report["ok"], report["reasons"]),
            (
                False,
                [
                    "The before_snapshot hook shop.close (/app/shop.py:1) raised OSError: "
                    "still in use."
                ],
            ),
        )
        self.assertRegex(report["traceback"], '^Traceback.*\n  File "/app/shop.py", line 2')
        self.assertFalse(snapshot.is_capturing())
        gc.freeze.assert_not_called()  # type: ignore[attr-defined]

    def test_a_task_of_a_running_loop_is_named(self) -> None:
        module = self.module("shop", "async def poll(event):\n\n    await event.wait()\n")
        reports = []

        async def main() -> None:
            task = asyncio.ensure_future(module.poll(asyncio.Event()))
            task.set_name("poller")
            await asyncio.sleep(0)
            capture.begin()
            reports.append(capture.prepare())
            task.cancel()

        self.run_on_loop(main())

        self.assertIs(reports[0]["ok"], False)
        self.assertIn(
            "The task poller (shop.poll, /app/shop.py:3) has not finished.", reports[0]["reasons"]
        )

    def test_a_task_of_a_loop_at_rest_is_memory_only(self) -> None:
        loop = self.loop()
        self.addCleanup(loop.close)

        async def waiting() -> None:
            await asyncio.Event().wait()

        task = loop.create_task(waiting())
        loop.run_until_complete(asyncio.sleep(0))
        capture.begin()

        report = capture.prepare()

        self.assertNotIn("waiting", str(report.get("reasons")))
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))

    def loop(self) -> GuestEventLoop:
        return type("Loop", (GuestEventLoop,), {"host": FakeHost()})()

    def run_on_loop(self, main: Any) -> None:
        with asyncio.Runner(loop_factory=self.loop) as runner:
            runner.run(main)

    def test_a_function_that_c_may_call_is_named(self) -> None:
        text = "\ndef on_event():\n    return 1\n\ncallback = kind(on_event)\n"
        module = self.module("shop", text, kind=ctypes.CFUNCTYPE(ctypes.c_int))
        capture.begin()

        report = capture.prepare()

        self.assertEqual(
            report.get("reasons"),
            [
                "The ctypes callback of shop.on_event (/app/shop.py:2) can be called by C code, "
                "outside this memory."
            ],
        )
        vars(module).clear()
        self.assertEqual(obstacles.callbacks(), [])


class OpenFiles(Capturing):
    def setUp(self) -> None:
        super().setUp()
        self.folder = tempfile.mkdtemp()
        self.path = os.path.join(self.folder, "x.log")
        self.addCleanup(os.rmdir, self.folder)
        self.addCleanup(lambda: Path(self.path).unlink(missing_ok=True))

    def found(self, what: str) -> list[tuple[str, str]]:
        entries = [entry for entry in obstacles.open_files() if what in entry["what"]]
        return [(entry["what"], entry["where"]) for entry in entries]

    def test_a_file_is_listed_with_the_global_that_holds_it(self) -> None:
        for mode in ("w", "wb", "w+b"):
            with open(self.path, mode) as file, self.subTest(mode=mode):
                module = self.module("shop", log=file)

                (entry,) = [e for e in obstacles.open_files() if self.path in e["what"]]

                self.assertEqual((entry["fd"], entry["where"]), (file.fileno(), "shop.log"))
                vars(module).clear()

    def test_a_file_that_no_global_holds_is_listed_too(self) -> None:
        file = io.FileIO(self.path, "w")
        hidden = [file]

        self.assertEqual(self.found(self.path), [(f"file {self.path!r}, mode wb", "")])

        hidden.pop().close()
        self.assertEqual(self.found(self.path), [])

    def test_the_standard_streams_are_not(self) -> None:
        files = [io.FileIO(number, closefd=False) for number in range(3) if _is_open(number)]

        numbers = [entry["fd"] for entry in obstacles.open_files()]

        self.assertEqual([number for number in numbers if 0 <= number <= 2], [])
        del files

    def test_the_file_of_a_log_is_said_to_be_one(self) -> None:
        handler = logging.FileHandler(self.path)
        self.addCleanup(handler.close)

        self.assertEqual(
            [where for _, where in self.found(self.path)], ["the FileHandler of logging"]
        )

    def test_a_socket_is_listed(self) -> None:
        with socket.socket() as connection:
            self.module("shop", connection=connection)

            self.assertIn(("socket", "shop.connection"), self.found("socket"))

    def test_a_database_is_listed_unless_it_is_in_memory(self) -> None:
        memory, file = sqlite3.connect(":memory:"), sqlite3.connect(self.path)
        self.addCleanup(memory.close)
        self.module("shop", db=file)

        self.assertEqual(
            self.found("SQLite"), [(f"SQLite database {os.path.realpath(self.path)!r}", "shop.db")]
        )

        file.close()
        self.assertEqual(self.found("SQLite"), [])

    def test_the_search_runs_nobodys_code(self) -> None:
        class Proxy:
            @property
            def __class__(self) -> Any:
                raise AssertionError("a proxy was asked for its class")

            def __eq__(self, _other: object) -> bool:
                raise AssertionError("a proxy was compared")

        class Lazy(types.ModuleType):
            def __getattribute__(self, name: str) -> Any:
                raise AssertionError(f"a lazy module was asked for {name}")

        proxy = self.module("shop", proxy=Proxy())
        with mock.patch.dict(sys.modules, lazy=Lazy("lazy"), gone=None):
            with open(self.path, "w"):
                obstacles.open_files()
            uniqueness.find_generators()
            self.assertIn("lazy", module_sizes())
        vars(proxy).clear()


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


class Sizes(Capturing):
    def test_a_module_is_as_large_as_what_it_defines(self) -> None:
        self.module("small", "x = 1\n")
        self.module("code", "".join(f"def f{n}():\n    return [{n}, 'a{n}']\n" for n in range(100)))
        self.module("data", "table = {n: 'x' * 1000 for n in range(100)}\n")
        self.module(
            "classes", "class A:\n" + "".join(f"    def f{n}(self): pass\n" for n in range(99))
        )
        self.module("borrowed", "from code import *\n", code=None)

        sizes = module_sizes()

        self.assertLess(sizes["small"], 10_000)
        for name, least in (("code", 20_000), ("data", 100_000), ("classes", 20_000)):
            self.assertGreater(sizes[name], least, name)


class Copies(Capturing):
    def setUp(self) -> None:
        super().setUp()
        self.calls: list[Any] = []
        refresh = mock.patch.object(variables, "refresh", lambda *args: self.calls.append(args))
        refresh.start()
        self.addCleanup(refresh.stop)
        arguments = mock.patch.object(process, "set_arguments", lambda: self.calls.append("argv"))
        arguments.start()
        self.addCleanup(arguments.stop)

    def captured(self) -> None:
        capture.begin()
        self.assertIs(capture.prepare()["ok"], True)

    def test_a_copy_knows_how_many_there_were(self) -> None:
        self.captured()
        self.assertEqual(snapshot.generation(), 0)

        for number in (1, 2, 7):
            capture.resume({**SETTINGS, "generation": number})

            self.assertEqual(snapshot.generation(), number)

    def test_hooks_run_in_a_copy_that_is_up_to_date(self) -> None:
        self.captured()
        random.seed(42)
        first = random.Random(42).random()
        after_restore(lambda: self.calls.append((snapshot.generation(), random.random() == first)))

        capture.resume({**SETTINGS, "names": ["A"], "values": {"B": "b"}, "stale": ["A"]})

        self.assertEqual(self.calls, [(["A"], {"B": "b"}, ["A"]), "argv", (1, False)])

    def test_a_hook_that_fails_makes_the_copy_useless(self) -> None:
        self.captured()

        @after_restore
        def hook() -> None:
            raise ValueError("no database")

        with self.assertRaisesRegex(HookError, "raised ValueError: no database"):
            capture.resume(SETTINGS)

    def test_a_copy_looks_afresh_at_folders_and_sources(self) -> None:
        folder = tempfile.mkdtemp()
        self.addCleanup(os.rmdir, folder)
        later = os.path.join(folder, "later")
        with mock.patch.object(sys, "path", [*sys.path, folder, later]):
            with self.assertRaises(ImportError):
                __import__("no_such_module")
            linecache.cache["/app/shop.py"] = (1, 2.0, ["x"], "/app/shop.py")
            linecache.cache["<made by attrs>"] = (1, None, ["x"], "<made by attrs>")
            finder: Any = sys.path_importer_cache[folder]
            self.assertNotEqual(finder._path_mtime, -1)

            self.captured()

        self.assertEqual(finder._path_mtime, -1)
        self.assertNotIn(None, sys.path_importer_cache.values())
        self.assertNotIn("/app/shop.py", linecache.cache)
        self.assertIn("<made by attrs>", linecache.cache)


class Origins(Capturing):
    def test_code_that_a_library_made_is_not_the_applications(self) -> None:
        space: dict[str, Any] = {"caller": origins.caller, "__name__": "made"}
        exec("def call(): return caller()", space)
        shop = self.module("shop", "where = call()\n", call=space["call"])

        self.assertEqual(shop.where, ("shop", "/app/shop.py:1"))


if __name__ == "__main__":
    unittest.main()
