"""What a hook is told of a request: never its body, and to those that decide who may pass, neither
credentials nor anything that was not asked of the client or its connection.
"""

from typing import Any, Final

from .identity import VERSION

_KEPT: Final = frozenset((
    "CONTENT_TYPE", "CONTENT_LENGTH", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL",
    "REMOTE_ADDR", "REMOTE_PORT", "REQUEST_METHOD", "REQUEST_URI", "QUERY_STRING", "SCRIPT_NAME",
    "PATH_INFO", "wsgi.errors",
))  # fmt: skip
_CREDENTIALS: Final = ("HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION")
# Not a dispatch function's business, or what it is to say.
_NOT_DISPATCHED: Final = ("wsgi.input", "wsgi.early_hints", "mod_wsgi.callable_object")


def cut_down(environ: dict[str, Any]) -> dict[str, Any]:
    """For access, authentication and group scripts."""
    https = environ["wsgi.url_scheme"] == "https"
    kept = {
        key: value
        for key, value in environ.items()
        if key in _KEPT or (key.startswith("HTTP_") and key not in _CREDENTIALS)
    }
    kept.update(_identity())
    kept["SERVER_SOFTWARE"] = "wasgi"
    kept["mod_ssl.is_https"] = lambda: https
    kept["mod_ssl.var_lookup"] = lambda name: _ssl_variable(name, https)
    return kept


def of_dispatch(environ: dict[str, Any]) -> dict[str, Any]:
    """For dispatch scripts: what the application will see."""
    seen = {key: value for key, value in environ.items() if key not in _NOT_DISPATCHED}
    seen.update(_identity())
    return seen


def _identity() -> dict[str, Any]:
    # Hooks are embedded, in %{GLOBAL}.
    return {
        "mod_wsgi.version": VERSION,
        "mod_wsgi.process_group": "",
        "mod_wsgi.application_group": "",
    }


def _ssl_variable(name: str | bytes, https: bool) -> str | None:
    wanted = name.decode("latin-1") if isinstance(name, bytes) else name
    return ("on" if https else "off") if wanted == "HTTPS" else None
