"""`wasgi.snapshot`, for authors of applications: hooks around the capture of an interpreter's memory.

It stands by itself: under another server, or none, it can be imported and nothing calls the hooks.
"""

import functools
import inspect
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar, overload

__all__ = ["HookError", "after_restore", "before_snapshot", "generation", "is_capturing"]

DEFAULT_TIMEOUT: Final = 10.0

_Function = TypeVar("_Function", bound=Callable[[], Any])


class HookError(RuntimeError):
    """A hook raised an error, which is the cause of this one, or took longer than it may."""


@dataclass(frozen=True)
class _Hook:
    function: Callable[[], Any]
    timeout: float
    kind: str


class _State:
    """Part of the captured memory, like the lists of hooks."""

    generation = 0
    capturing = False


# Registration belongs to the application's import, so the memory that holds the application is
# the one place where the hooks have to be.
_before: Final[list[_Hook]] = []
_after: Final[list[_Hook]] = []


@overload
def before_snapshot(function: _Function, /) -> _Function: ...
@overload
def before_snapshot(*, timeout: float = ...) -> Callable[[_Function], _Function]: ...
def before_snapshot(function: Any = None, /, *, timeout: float = DEFAULT_TIMEOUT) -> Any:
    """Call the decorated function before memory is captured, the last registered first.

    It closes what cannot be captured: connections, files. `timeout` is in seconds; a hook that
    fails or takes longer fails the capture, and the server starts without a snapshot.
    """
    return _register(_before, "before_snapshot", function, timeout)


@overload
def after_restore(function: _Function, /) -> _Function: ...
@overload
def after_restore(*, timeout: float = ...) -> Callable[[_Function], _Function]: ...
def after_restore(function: Any = None, /, *, timeout: float = DEFAULT_TIMEOUT) -> Any:
    """Call the decorated function in each copy before its first request, the first registered first.

    It opens connections again and renews what must differ between copies. `timeout` is in seconds;
    after a hook that fails or takes longer the worker starts without the snapshot.
    """
    return _register(_after, "after_restore", function, timeout)


def generation() -> int:
    """How often this interpreter was put into the captured state: 0 when it was never restored, 1
    after the restore, and one more after each return to that state."""
    return _State.generation


def is_capturing() -> bool:
    """Whether what the application does now will be part of a snapshot."""
    return _State.capturing


def _register(hooks: list[_Hook], kind: str, function: Any, timeout: float) -> Any:
    if not timeout > 0:
        raise ValueError(f"{kind}: timeout must be more than 0 seconds, got {timeout!r}")

    def register(function: Any) -> Any:
        if not callable(function):
            raise TypeError(f"{kind} decorates a function, got {type(function).__name__}")
        hooks.append(_Hook(function, float(timeout), kind))
        return function

    return register if function is None else register(function)


def _set_capturing(capturing: bool) -> None:
    _State.capturing = capturing


def _set_generation(number: int) -> None:
    _State.generation = number


def _run_before() -> None:
    # A copy: a hook may register another, which belongs to the next time.
    for hook in reversed(tuple(_before)):
        _run(hook)


def _run_after() -> None:
    for hook in tuple(_after):
        _run(hook)


def _run(hook: _Hook) -> None:
    start = time.monotonic()
    try:
        result = hook.function()
        if inspect.isawaitable(result):
            _finish(result, hook.timeout)
    except BaseException as error:
        raise HookError(f"{_describe(hook)} {_failure(error, hook.timeout)}") from error
    # One that does not await cannot be interrupted, only found out.
    if time.monotonic() - start > hook.timeout:
        late = _Late("it took longer than it may")
        raise HookError(f"{_describe(hook)} {_failure(late, hook.timeout)}") from late


class _Late(TimeoutError):
    """The limit of a hook, not a time limit inside it."""


def _finish(awaitable: Awaitable[Any], timeout: float) -> None:
    # Imported here: a server that never runs a hook need not load it.
    import asyncio

    async def limited() -> None:
        task = asyncio.ensure_future(awaitable)
        try:
            await asyncio.wait_for(task, timeout)
        except TimeoutError as error:
            # wait_for cancels what is late; a TimeoutError of the hook's own ends it otherwise.
            if task.cancelled():
                raise _Late("it was cancelled") from error
            raise

    asyncio.run(limited())


def _failure(error: BaseException, timeout: float) -> str:
    if isinstance(error, _Late):
        return f"took longer than its {timeout:g} s"
    text = str(error)
    return f"raised {type(error).__name__}{': ' if text else ''}{text}"


def _describe(hook: _Hook) -> str:
    function: Any = hook.function
    while isinstance(function, functools.partial):
        function = function.func
    function = inspect.unwrap(function)
    # An object with __call__ has no name of its own.
    named = function if hasattr(function, "__qualname__") else type(function)
    code = getattr(function, "__code__", getattr(named.__call__, "__code__", None))
    place = f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
    return f"the {hook.kind} hook {named.__module__}.{named.__qualname__}{place}"
