"""What applications follow through `import mod_wsgi`: who has subscribed to what, and the request that is
running. One for each interpreter, and of no cost to requests until somebody subscribes.
"""

import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from .host import ERROR, Host

if TYPE_CHECKING:
    from .watch import Watch

Callback = Callable[..., Any]


class Events:
    """Subscribers, and what they are told."""

    watch: "Watch | None" = None
    """Follows requests, once somebody wants that."""
    environ: dict[str, Any] | None = None
    """Of the request that is running."""
    data: dict[str, Any] | None = None
    """What code keeps for the length of that request; see request_data()."""
    active: dict[str, dict[str, Any]] | None = None
    """That, by the id of the request, for who asks so. None until somebody may."""

    def __init__(self) -> None:
        self.host: Host | None = None
        self._events: list[Callback] = []
        self._shutdown: list[Callback] = []
        self._signals: list[Callback] = []

    def subscribe(self, callback: Callback) -> None:
        """Tell `callback` of everything."""
        self._events.append(_checked(callback))
        self.follow()

    def subscribe_shutdown(self, callback: Callback) -> None:
        """Tell `callback` when the interpreter is about to end."""
        self._shutdown.append(_checked(callback))

    def subscribe_signals(self, callback: Callback) -> None:
        """Tell `callback` of signals. None reach an interpreter."""
        self._signals.append(_checked(callback))

    def follow(self) -> "Watch":
        """Watch requests from the next one on."""
        from .watch import Watch

        if self.watch is None:
            self.watch = Watch(self)
        return self.watch

    def list_active(self) -> dict[str, dict[str, Any]]:
        """Keep a dictionary of the requests that are running from now on."""
        if self.active is None:
            self.active = {}
            if self.environ is not None:
                self.enter(self.environ)
        return self.active

    def enter(self, environ: dict[str, Any]) -> None:
        """A request has begun, and there is a dictionary that is to have it."""
        if self.active is not None:
            self.active[environ.get("mod_wsgi.request_id", "")] = self.request_data()

    def publish(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Tell all subscribers. What they return becomes part of the event, for those that follow, too."""
        for callback in list(self._events):
            self._tell(callback, name, event)
        return event

    def stop(self, reason: str) -> None:
        """Tell that the interpreter is about to end."""
        event: dict[str, Any] = {"shutdown_reason": reason}
        for callback in [*self._events, *self._shutdown]:
            self._tell(callback, "process_stopping", event)

    def request_data(self) -> dict[str, Any]:
        """The dictionary of the request that is running. RuntimeError if none is."""
        if self.environ is None:
            raise RuntimeError("no request is running")
        if self.data is None:
            self.data = {}
        return self.data

    def _tell(self, callback: Callback, name: str, event: dict[str, Any]) -> None:
        try:
            answer = callback(name, **event)
            if isinstance(answer, dict):
                event.update(answer)
        except MemoryError:
            raise
        except (Exception, SystemExit):
            # mod_wsgi's rule: a subscriber's trouble is its own.
            if self.host is not None:
                text = traceback.format_exc()
                self.host.log(ERROR, "gateway", f"A subscriber to {name} failed.\n{text}")


def _checked(callback: Callback) -> Callback:
    if not callable(callback):
        raise TypeError(f"a subscriber must be callable, got {callback!r:.60}")
    return callback


EVENTS: Final = Events()
