"""mod_wsgi's `reload_required`: a function of the application's script that says, before each request,
whether the script is to be loaded anew.
"""

import traceback
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

NAME = "reload_required"


class Stale(BaseException):
    """The application was not called: the request is for an interpreter that has loaded it anew."""


class Consulted:
    """An application whose script is asked first."""

    def __init__(
        self, application: Callable[..., Any], required: Callable[[str], Any], resource: str
    ) -> None:
        self._application = application
        self._required = required
        self._resource = resource

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer the request, or raise Stale."""
        if self._is_stale(environ):
            raise Stale
        return self._application(environ, start_response)

    def _is_stale(self, environ: dict[str, Any]) -> bool:
        try:
            return bool(self._required(self._resource))
        except Exception:
            # As in mod_wsgi: told of, and no reason to reload.
            traceback.print_exc(file=environ["wsgi.errors"])
            return False


def consulted(
    application: Callable[..., Any], module: ModuleType, resource: str
) -> Consulted | None:
    """The application behind its script's say; None if the script has none."""
    required = getattr(module, NAME, None)
    return Consulted(application, required, resource) if callable(required) else None
