"""The module for authors of applications: its hooks, in their order, within their time."""

import asyncio
import functools
import importlib.util
import sys
import unittest
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from fake_host import FakeHost
from wasgi import snapshot
from wasgi.loop import GuestEventLoop
from wasgi.snapshot import HookError, after_restore, before_snapshot


class Hooks(unittest.TestCase):
    def setUp(self) -> None:
        for hooks in (snapshot._before, snapshot._after):
            self.addCleanup(hooks.__setitem__, slice(None), list(hooks))
            hooks.clear()
        self.ran: list[str] = []
        self.now = 1000.0
        clock = mock.patch.object(
            snapshot, "time", SimpleNamespace(monotonic=lambda: self.now)
        )  # fmt: skip
        clock.start()
        self.addCleanup(clock.stop)
        self.use_a_loop()

    def use_a_loop(self) -> None:
        """Run coroutines as the guest does, on a clock that only sleeping moves."""
        test = self
        host = FakeHost()
        host.on_suspend = self.pass_time

        class Loop(GuestEventLoop):
            def time(self) -> float:
                return test.now

        Loop.host = host

        def run(main: Any) -> Any:
            with asyncio.Runner(loop_factory=Loop) as runner:
                return runner.run(main)

        patch = mock.patch.object(asyncio, "run", run)
        patch.start()
        self.addCleanup(patch.stop)

    def pass_time(self, ms: float) -> int:
        self.now += ms / 1000
        return 0

    def noting(self, name: str) -> Callable[[], None]:
        return lambda: self.ran.append(name)

    def failure(self, run: Callable[[], None] = snapshot._run_after) -> HookError:
        with self.assertRaises(HookError) as caught:
            run()
        return caught.exception


class Order(Hooks):
    def test_before_a_capture_the_last_is_the_first(self) -> None:
        for name in "abc":
            before_snapshot(self.noting(name))

        snapshot._run_before()

        self.assertEqual(self.ran, ["c", "b", "a"])

    def test_after_a_restore_the_first_is_the_first(self) -> None:
        for name in "abc":
            after_restore(self.noting(name))

        snapshot._run_after()

        self.assertEqual(self.ran, ["a", "b", "c"])

    def test_a_function_registered_twice_runs_twice(self) -> None:
        hook = self.noting("a")
        after_restore(after_restore(hook))

        snapshot._run_after()

        self.assertEqual(self.ran, ["a", "a"])

    def test_a_hook_that_another_registers_belongs_to_the_next_time(self) -> None:
        after_restore(lambda: after_restore(self.noting("late")) and None)

        snapshot._run_after()

        self.assertEqual(self.ran, [])

    def test_after_a_failure_none_runs(self) -> None:
        after_restore(self.noting("a"))
        after_restore(lambda: {}["missing"])
        after_restore(self.noting("b"))

        self.failure()

        self.assertEqual(self.ran, ["a"])


class Decorators(Hooks):
    def test_all_three_forms_return_the_function(self) -> None:
        for decorator in (before_snapshot, after_restore):
            hook = self.noting("a")

            self.assertIs(decorator(hook), hook)
            self.assertIs(decorator()(hook), hook)
            self.assertIs(decorator(timeout=5.0)(hook), hook)

        limits = [[hook.timeout for hook in hooks] for hooks in (snapshot._before, snapshot._after)]
        self.assertEqual(limits, [[10, 10, 5], [10, 10, 5]])

    def test_what_makes_no_sense_is_refused_at_once(self) -> None:
        with self.assertRaisesRegex(ValueError, "more than 0 seconds, got 0"):
            before_snapshot(timeout=0)
        with self.assertRaisesRegex(TypeError, "after_restore decorates a function, got int"):
            after_restore(5)  # type: ignore[call-overload]
        self.assertEqual(snapshot._before + snapshot._after, [])


class Coroutines(Hooks):
    def test_an_async_function_runs_to_its_end(self) -> None:
        @after_restore
        async def hook() -> None:
            await asyncio.sleep(3)
            self.ran.append("done")

        snapshot._run_after()

        self.assertEqual((self.ran, self.now), (["done"], 1003.0))

    def test_one_that_takes_too_long_is_cancelled(self) -> None:
        @before_snapshot(timeout=5)
        async def hook() -> None:
            await asyncio.sleep(60)

        error = self.failure(snapshot._run_before)

        self.assertRegex(str(error), "the before_snapshot hook .*hook .* took longer than its 5 s$")
        self.assertIsInstance(error.__cause__, TimeoutError)
        self.assertEqual(self.now, 1005.0)

    def test_a_timeout_of_its_own_is_an_error_like_any(self) -> None:
        @after_restore
        async def hook() -> None:
            raise TimeoutError("the database does not answer")

        error = self.failure()

        self.assertRegex(str(error), "raised TimeoutError: the database does not answer$")

    def test_what_it_raises_is_the_cause(self) -> None:
        @after_restore
        async def hook() -> None:
            await asyncio.sleep(0)
            raise LookupError("x")

        self.assertIsInstance(self.failure().__cause__, LookupError)


class Failures(Hooks):
    def test_the_error_names_the_hook_and_its_place(self) -> None:
        @after_restore
        def hook() -> None:
            raise ValueError("no such host")

        error = self.failure()

        line = hook.__code__.co_firstlineno
        self.assertEqual(
            str(error),
            f"the after_restore hook {__name__}.Failures."
            "test_the_error_names_the_hook_and_its_place.<locals>.hook "
            f"({hook.__code__.co_filename}:{line}) raised ValueError: no such host",
        )
        self.assertIsInstance(error.__cause__, ValueError)

    def test_one_without_await_that_took_too_long_is_found_out(self) -> None:
        @after_restore(timeout=0.5)
        def hook() -> None:
            self.now += 0.6

        error = self.failure()

        self.assertRegex(str(error), "took longer than its 0.5 s$")
        self.assertIsInstance(error.__cause__, TimeoutError)

    def test_leaving_the_program_is_a_failure_too(self) -> None:
        after_restore(sys.exit)

        self.assertIsInstance(self.failure().__cause__, SystemExit)

    def test_every_kind_of_callable_has_a_name(self) -> None:
        class Closer:
            def __call__(self) -> None:
                raise OSError

            def close(self) -> None:
                raise OSError

        def wrapped() -> None:
            raise OSError

        for hook, name in (
            (Closer(), r"Closer \(.*test_snapshot_hooks.py:\d+\) raised OSError$"),
            (Closer().close, r"Closer.close \(.*test_snapshot_hooks.py:\d+\) raised"),
            (functools.partial(wrapped), r"wrapped \(.*test_snapshot_hooks.py:\d+\) raised"),
            (functools.wraps(wrapped)(lambda: wrapped()), r"wrapped \("),
            (functools.partial(next, iter(())), "builtins.next raised StopIteration"),
        ):
            with self.subTest(name=name):
                snapshot._after.clear()
                after_restore(hook)

                self.assertRegex(str(self.failure()), name)


class Alone(unittest.TestCase):
    def test_the_file_runs_without_its_package(self) -> None:
        path = Path(snapshot.__file__)
        spec = importlib.util.spec_from_file_location("lonely_snapshot", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        self.addCleanup(sys.modules.pop, spec.name)

        with mock.patch.dict(sys.modules, {"wasgi": None, "asyncio": None}):
            spec.loader.exec_module(module)

        module.before_snapshot(self.fail)
        module.after_restore(timeout=1)(self.fail)
        self.assertEqual((module.generation(), module.is_capturing()), (0, False))


if __name__ == "__main__":
    unittest.main()
