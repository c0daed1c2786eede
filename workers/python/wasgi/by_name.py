"""Answers with the callable that a dispatch script has named for the request."""

from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, Final

CHOSEN: Final = "wasgi.callable_object"
"""The key of the environ, which only the host can set and no application sees."""


class ByName:
    """An application, and what else its module has at its top level."""

    def __init__(self, application: Callable[..., Any], module: ModuleType) -> None:
        self._application = application
        self._module = module

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Call what was chosen. 404 if there is no such callable, as mod_wsgi has it."""
        name = environ.pop(CHOSEN, None)
        if name is None:
            return self._application(environ, start_response)
        environ["mod_wsgi.callable_object"] = name
        chosen = vars(self._module).get(name)
        if callable(chosen):
            return chosen(environ, start_response)
        environ["wsgi.errors"].write(
            f"The dispatch script chose {name}, which is no callable of the application's module.\n"
        )
        start_response("404 Not Found", [("Content-Type", "text/plain")])
        return [b"404 Not Found\n"]
