"""Lets asgiref's async_to_sync and sync_to_async, and with them the async views of Flask and Django,
work on one thread: what asgiref hands to another thread runs at once, on the same stack.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from .after_import import AfterImport


class InlineExecutor(Executor):
    """An executor whose calls are over when submit() returns."""

    def __init__(self, *_args: Any, **_options: Any) -> None:
        pass

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call `fn` and return the outcome as a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class _Local(threading.local):
    """Forgets the loop that sync_to_async was called from. That loop waits for the call to end, so
    a nested async_to_sync that handed its coroutine to it would wait for ever; it makes its own."""

    main_event_loop = property(lambda _self: None, lambda _self, _loop: None)


def adapt(sync: Any) -> None:
    """Change the module asgiref.sync. CurrentThreadExecutor stays: the loop never submits to it."""
    sync.ThreadPoolExecutor = InlineExecutor
    sync.SyncToAsync.single_thread_executor = InlineExecutor()
    sync.SyncToAsync.threadlocal = _Local()


def install() -> None:
    """Change asgiref when, and if, the application imports it."""
    AfterImport("asgiref.sync", adapt).install()
