"""Runs what a test asks for; what it gives or raises leaves as JSON."""

import builtins
import fcntl
import importlib
import json
import os
import traceback

import _test_host


def _flock(fd: int, operation: int) -> None:
    """Stand in for the gateway's replacement of fcntl.flock."""
    code = _test_host.flock(fd, operation)
    if code:
        raise OSError(code, os.strerror(code))


fcntl.flock = _flock


class _Modules(dict[str, object]):
    """Names that are missing are builtins, or modules to import."""

    def __missing__(self, name: str) -> object:
        if hasattr(builtins, name):
            return getattr(builtins, name)
        return importlib.import_module(name)


def evaluate(expression: str) -> str:
    """Evaluate one expression; its names are importable modules."""
    try:
        names = _Modules(__builtins__=__builtins__)
        return json.dumps({"value": eval(expression, names)})
    except BaseException:
        return json.dumps({"error": traceback.format_exc()})
