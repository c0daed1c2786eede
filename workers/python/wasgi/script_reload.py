"""mod_wsgi's `reload_required`: a function of the application's script that says, before each request,
whether the script is to be loaded anew.
"""

import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

NAME = "reload_required"


class Stale(BaseException):
    """The application was not called: the request is for an interpreter that has loaded it anew."""


class Consulted:
    """A script that is asked before its application is."""

    def __init__(self, required: Callable[[str], Any], resource: str) -> None:
        self._required = required
        self._resource = resource

    def __call__(self, environ: dict[str, Any]) -> None:
        """Raise Stale if the application is to be loaded anew first."""
        if self._is_stale(environ):
            raise Stale

    def _is_stale(self, environ: dict[str, Any]) -> bool:
        try:
            return bool(self._required(self._resource))
        except Exception:
            # As in mod_wsgi: told of, and no reason to reload.
            traceback.print_exc(file=environ["wsgi.errors"])
            return False


def consulted(module: ModuleType, resource: str) -> Consulted | None:
    """The say of an application's script; None if it has none."""
    required = getattr(module, NAME, None)
    return Consulted(required, resource) if callable(required) else None
