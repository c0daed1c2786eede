"""`import mod_wsgi`: what mod_wsgi tells applications of the process and of its requests."""

from typing import Any, TypeVar

from wasgi import identity
from wasgi.events import EVENTS, Callback
from wasgi.file_wrapper import FileWrapper
from wasgi.timeouts import RequestTimeout

__all__ = [
    "FileWrapper",
    "RequestTimeout",
    "active_requests",
    "process_metrics",
    "request_data",
    "request_metrics",
    "server_metrics",
    "start_recording_metrics",
    "subscribe_events",
    "subscribe_shutdown",
    "subscribe_signals",
    "threads_per_process",
    "version",
]

_Subscriber = TypeVar("_Subscriber", bound=Callback)

version = identity.VERSION
threads_per_process = identity.THREADS
active_requests = EVENTS.list_active()


def __getattr__(name: str) -> Any:
    # One memory, captured, becomes many interpreters, so these are not known when this is imported.
    if name in ("process_group", "application_group", "maximum_processes"):
        return getattr(identity.CURRENT, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def subscribe_events(callback: _Subscriber) -> _Subscriber:
    """Call `callback(name, **event)` for every event. A dictionary that it returns becomes part of
    the event."""
    EVENTS.subscribe(callback)
    return callback


def subscribe_shutdown(callback: _Subscriber) -> _Subscriber:
    """Call `callback("process_stopping", shutdown_reason=...)` before the interpreter ends."""
    EVENTS.subscribe_shutdown(callback)
    return callback


def subscribe_signals(callback: _Subscriber) -> _Subscriber:
    """Accept a callback for signals. None of the server's reach an interpreter."""
    EVENTS.subscribe_signals(callback)
    return callback


def request_data() -> dict[str, Any]:
    """A dictionary that is the running request's own. RuntimeError outside of a request."""
    return EVENTS.request_data()


def start_recording_metrics() -> None:
    """Count requests from the next one on, for the two functions below."""
    EVENTS.follow().metrics.start()


def request_metrics() -> dict[str, Any] | None:
    """What was counted since the last call. None before start_recording_metrics()."""
    return None if EVENTS.watch is None else EVENTS.watch.metrics.request_metrics()


def process_metrics() -> dict[str, Any] | None:
    """What was counted in all. None before start_recording_metrics()."""
    return None if EVENTS.watch is None else EVENTS.watch.metrics.process_metrics()


def server_metrics() -> None:
    """None, as with `WSGIServerMetrics Off`: an interpreter knows nothing of the others."""
