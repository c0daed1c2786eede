"""The event loop that `asyncio.run` and `asyncio.new_event_loop` make. It runs on the stack of the
request that started it and sleeps through the host, so whatever suspends also works in coroutines.
"""

import asyncio
import contextvars
import errno
from asyncio import base_events, events, tasks, unix_events
from collections.abc import Callable
from math import ceil
from typing import Any

from . import limits
from .host import Host


class _Sleeper:
    """In the place of a selector: there are no descriptors to watch, only time and `wake`."""

    __slots__ = ("_host", "asleep")

    def __init__(self, host: Host) -> None:
        self._host = host
        self.asleep = False

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None or timeout > 0:
            self.asleep = True
            try:
                # The host's timers count whole milliseconds: rounded down, it would wake too soon.
                self._host.suspend(-1 if timeout is None else ceil(timeout * 1000))
            finally:
                self.asleep = False
        return []

    def wake(self) -> None:
        # What a callback of the host schedules must not wait for a timer that runs out later.
        if self.asleep:
            self._host.wake()


class GuestEventLoop(base_events.BaseEventLoop):
    """An event loop with tasks and timers. It has no threads: executors run their calls at once."""

    host: Host

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Sleeper(self.host)

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        self._selector.wake()

    def call_soon(
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Schedule `callback`, even while the loop sleeps."""
        handle = super().call_soon(callback, *args, context=context)
        self._selector.wake()
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule `callback`, even if that shortens the loop's sleep."""
        handle = super().call_at(when, callback, *args, context=context)
        self._selector.wake()
        return handle

    def run_in_executor(
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call `func` here and now, whatever the executor: there is no other thread.

        Like in a thread, `func` sees no running loop and may run one of its own.
        """
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        future = self.create_future()
        try:
            future.set_result(_outside(func, args))
        except BaseException as error:
            future.set_exception(error)
        return future

    def set_default_executor(self, executor: object) -> None:
        """Accepted and ignored, see run_in_executor."""

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Fail, or not, as the blocking call does."""
        sock.connect(address)

    async def create_server(self, *_args: Any, **_options: Any) -> Any:
        """Fail with the reason."""
        raise limits.not_available(errno.EOPNOTSUPP, limits.LISTENING)

    async def create_unix_server(self, *_args: Any, **_options: Any) -> Any:
        """Fail with the reason."""
        raise limits.not_available(errno.EOPNOTSUPP, limits.LISTENING)

    async def create_datagram_endpoint(self, *_args: Any, **_options: Any) -> Any:
        """Fail with the reason."""
        raise limits.not_available(errno.ENETUNREACH, limits.NETWORK)

    async def create_unix_connection(self, *_args: Any, **_options: Any) -> Any:
        """Fail with the reason."""
        raise limits.not_available(errno.ENETUNREACH, limits.NETWORK)

    async def subprocess_exec(self, *_args: Any, **_options: Any) -> Any:
        """Fail with the reason."""
        raise limits.not_available(errno.ENOTSUP, limits.PROCESSES)

    async def subprocess_shell(self, *_args: Any, **_options: Any) -> Any:
        """Fail with the reason."""
        raise limits.not_available(errno.ENOTSUP, limits.PROCESSES)


def _outside(func: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call `func` as if no loop were running and no task were current."""
    running = events._get_running_loop()
    if running is None:
        return func(*args)
    task = tasks.current_task(running)
    if task is not None:
        tasks._leave_task(running, task)
    events._set_running_loop(None)
    try:
        return func(*args)
    finally:
        events._set_running_loop(running)
        if task is not None:
            tasks._enter_task(running, task)


def install(host: Host) -> None:
    """Make asyncio's own policy create this loop, in the place of a selector and of Pyodide's.

    The policy object itself is replaced by nothing: policies go away in 3.16, and an application
    that resets them must not fall back on a loop that needs sockets.
    """
    loop = type("EventLoop", (GuestEventLoop,), {"host": host, "__module__": __name__})
    unix_events._UnixDefaultEventLoopPolicy._loop_factory = loop  # pyright: ignore[reportAttributeAccessIssue]
    events._event_loop_policy = None  # pyright: ignore[reportAttributeAccessIssue]
    for module in (asyncio, unix_events):
        module.SelectorEventLoop = loop  # pyright: ignore[reportAttributeAccessIssue]
        if hasattr(module, "EventLoop"):
            module.EventLoop = loop  # pyright: ignore[reportAttributeAccessIssue]
    # Pyodide's own run() hands the coroutine to the browser's loop.
    asyncio.run = asyncio.runners.run
