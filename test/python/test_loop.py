"""The event loop, on a clock that only its own sleep moves: no test here takes any time."""

import asyncio
import contextvars
import threading
import unittest
from collections.abc import Coroutine
from typing import Any

from fake_host import FakeHost
from wasgi.loop import GuestEventLoop


class Loop(unittest.TestCase):
    def setUp(self) -> None:
        self.now = 1000.0
        self.host = FakeHost()
        self.host.on_suspend = self.pass_time
        clock = self

        class OnThisClock(GuestEventLoop):
            host = self.host

            def time(self) -> float:
                return clock.now

        self.factory = OnThisClock

    def pass_time(self, ms: float) -> int:
        self.assertGreater(ms, 0, "the loop waits for something that cannot happen")
        self.now += ms / 1000
        return 0

    def run_on_loop(self, main: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=self.factory) as runner:
            return runner.run(main)


class Time(Loop):
    def test_a_coroutine_runs_to_its_result(self) -> None:
        async def main() -> str:
            return "done"

        self.assertEqual(self.run_on_loop(main()), "done")
        self.assertEqual(self.host.slept, [])

    def test_sleep_suspends_through_the_host(self) -> None:
        async def main() -> None:
            await asyncio.sleep(2.5)

        self.run_on_loop(main())

        self.assertEqual(self.host.slept, [2500])

    def test_what_sleeps_together_sleeps_once(self) -> None:
        async def main() -> list[int]:
            return await asyncio.gather(
                asyncio.sleep(1, 1), asyncio.sleep(3, 2), asyncio.sleep(2, 3)
            )

        self.assertEqual(self.run_on_loop(main()), [1, 2, 3])
        self.assertEqual(self.now, 1003.0)

    def test_timeouts_end_what_takes_too_long(self) -> None:
        async def main() -> str:
            try:
                async with asyncio.timeout(5):
                    await asyncio.Event().wait()
            except TimeoutError:
                return "late"
            return "never"

        self.assertEqual(self.run_on_loop(main()), "late")
        self.assertEqual(self.now, 1005.0)

    def test_a_part_of_a_millisecond_is_slept_whole(self) -> None:
        async def main() -> None:
            await asyncio.sleep(0.0001)

        self.run_on_loop(main())

        self.assertEqual(self.host.slept, [1])


class Waking(Loop):
    def test_what_is_scheduled_while_the_loop_sleeps_wakes_it(self) -> None:
        loop = self.factory()
        self.addCleanup(loop.close)
        ran: list[str] = []

        for name, schedule in (
            ("soon", lambda: loop.call_soon(ran.append, "soon")),
            ("threadsafe", lambda: loop.call_soon_threadsafe(ran.append, "threadsafe")),
            ("later", lambda: loop.call_later(1, ran.append, "later")),
        ):
            with self.subTest(name):

                def callback_of_the_host(ms: float, schedule: Any = schedule) -> int:
                    self.host.on_suspend = self.pass_time
                    schedule()
                    return 1

                self.host.on_suspend = callback_of_the_host
                before = len(self.host.texts("fake"))

                loop.run_until_complete(asyncio.wait_for(asyncio.sleep(60), None))

                self.assertEqual(len(self.host.texts("fake")), before + 1)
                self.assertIn(name, ran)

    def test_it_waits_without_an_end_for_what_only_a_callback_can_bring(self) -> None:
        async def main() -> str:
            future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self.host.on_suspend = lambda ms: (
                self.assertEqual(ms, -1) or future.set_result("x") or 1
            )
            return await future

        self.assertEqual(self.run_on_loop(main()), "x")

    def test_while_it_runs_nothing_needs_to_wake_it(self) -> None:
        async def main() -> None:
            await asyncio.gather(*(asyncio.sleep(0) for _ in range(5)))

        self.run_on_loop(main())

        self.assertEqual(self.host.texts("fake"), [])


class Executors(Loop):
    def test_to_thread_runs_the_call_at_once_with_its_context(self) -> None:
        variable = contextvars.ContextVar("variable", default=0)

        async def main() -> tuple[int, bool]:
            variable.set(7)
            return await asyncio.to_thread(
                lambda: (variable.get(), threading.current_thread() is threading.main_thread())
            )

        self.assertEqual(self.run_on_loop(main()), (7, True))

    def test_the_call_sees_no_running_loop_and_may_run_one(self) -> None:
        async def inner() -> str:
            await asyncio.sleep(1)
            return "inner"

        def call() -> str:
            with self.assertRaises(RuntimeError):
                asyncio.get_running_loop()
            return self.run_on_loop(inner())

        async def main() -> tuple[str, bool, str]:
            task = asyncio.current_task()
            result = await asyncio.get_running_loop().run_in_executor(None, call)
            await asyncio.sleep(1)
            return result, asyncio.current_task() is task, asyncio.current_task().get_name()  # type: ignore[union-attr]

        result, same, _ = self.run_on_loop(main())

        self.assertEqual((result, same), ("inner", True))

    def test_what_the_call_raises_is_raised_where_it_is_awaited(self) -> None:
        def call() -> None:
            raise KeyError("inside")

        async def main() -> str:
            future = asyncio.get_running_loop().run_in_executor(None, call)
            try:
                await future
            except KeyError as error:
                return str(error)
            return "nothing"

        self.assertEqual(self.run_on_loop(main()), "'inside'")

    def test_an_executor_may_be_set_and_is_not_used(self) -> None:
        async def main() -> int:
            loop = asyncio.get_running_loop()
            loop.set_default_executor(object())  # type: ignore[arg-type]
            return await loop.run_in_executor(None, int, "5")

        self.assertEqual(self.run_on_loop(main()), 5)


class Limits(Loop):
    def test_processes_cannot_be_started_and_the_error_says_so(self) -> None:
        for start in (asyncio.create_subprocess_exec, asyncio.create_subprocess_shell):

            async def main(start: Any = start) -> None:
                await start("ls")

            with self.assertRaisesRegex(OSError, "docs/limits.md"):
                self.run_on_loop(main())

    def test_the_network_cannot_be_reached_and_the_error_says_so(self) -> None:
        async def datagrams() -> None:
            loop = asyncio.get_running_loop()
            await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 1))

        for start in (
            lambda: asyncio.start_server(print, "127.0.0.1", 1),
            lambda: asyncio.get_running_loop().create_unix_server(print, "/nowhere"),
            lambda: asyncio.get_running_loop().create_unix_connection(print, "/nowhere"),
            datagrams,
        ):

            async def main(start: Any = start) -> None:
                await start()

            with self.assertRaisesRegex(OSError, "docs/limits.md"):
                self.run_on_loop(main())

    def test_asynchronous_generators_are_closed_at_the_end(self) -> None:
        closed: list[bool] = []

        async def numbers() -> Any:
            try:
                yield 1
            finally:
                closed.append(True)

        async def main() -> Any:
            generator = numbers()
            await anext(generator)
            return generator

        kept = self.run_on_loop(main())

        self.assertEqual((closed, kept is not None), ([True], True))


if __name__ == "__main__":
    unittest.main()
