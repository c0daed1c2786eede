"""Scripts that decide about requests before the application sees them, as mod_wsgi has them. Each is
served as an application of its own, whose status is the decision.
"""

import traceback
from collections.abc import Callable
from typing import Any, Final

ALLOW_ACCESS: Final = "allow_access"

_ALLOWED: Final = "204 No Content"
_DENIED: Final = "403 Forbidden"
# What a hook has no business with, or must not wait for.
_LEFT_OUT: Final = ("HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "wsgi.input")


class AccessHook:
    """`allow_access(environ, host)`: None and True let a request pass, all else does not."""

    def __init__(self, function: Callable[[dict[str, Any], str], Any]) -> None:
        self._function = function

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer 204 for a request that may pass and 403 for one that may not."""
        errors = environ["wsgi.errors"]
        for name in _LEFT_OUT:
            environ.pop(name, None)
        try:
            verdict = self._function(environ, environ.get("REMOTE_ADDR", ""))
        except Exception:
            errors.write(f"{ALLOW_ACCESS} failed, so the request is denied.\n")
            errors.write(traceback.format_exc())
            verdict = False
        if verdict is not None and not isinstance(verdict, bool):
            kind = type(verdict).__name__
            errors.write(
                f"{ALLOW_ACCESS} must return True, False or None, not {kind}: request denied.\n"
            )
            verdict = False
        start_response(_DENIED if verdict is False else _ALLOWED, [])
        return []
