"""A hostile application. It does what a request tells it: `[name, args]` calls a function of one of
the modules beside this one. The answer is JSON: a value, or the traceback.
"""

import json
import traceback
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

StartResponse = Callable[[str, list[tuple[str, str]]], object]


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Call what the body names."""
    try:
        name, args = json.loads(environ["wsgi.input"].read())
        module, _, function = name.rpartition(".")
        answer = {"value": getattr(import_module(module), function)(*args)}
    except Exception:
        answer = {"error": traceback.format_exc()}
    body = json.dumps(answer, default=repr).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]
