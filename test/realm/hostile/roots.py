"""Gives the walker everything of JavaScript that Python can find."""

import gc
import sys
from typing import Any

import pyodide_js  # pyright: ignore[reportMissingImports]
from pyodide.ffi import JsProxy, to_js  # pyright: ignore[reportMissingImports]


def collect() -> int:
    """Hang every JsProxy that Python's collector knows on `pyodide_js.found`; say how many."""
    found: list[Any] = []
    for module in list(sys.modules.values()):
        for value in list(vars(module).values()) if hasattr(module, "__dict__") else []:
            if isinstance(value, JsProxy):
                found.append(value)
        if isinstance(module, JsProxy):
            found.append(module)
    for item in gc.get_objects():
        if isinstance(item, JsProxy):
            found.append(item)
        for held in gc.get_referents(item):
            if isinstance(held, JsProxy):
                found.append(held)
    pyodide_js.found = to_js(found)
    return len(found)
