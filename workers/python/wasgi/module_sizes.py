"""How much memory each loaded module takes, roughly and quickly."""

import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from . import origins

_CONTAINERS = (dict, list, tuple, set, frozenset)


def module_sizes() -> dict[str, int]:
    """Bytes of each module's globals: its functions with their code, its classes with what they
    define, and its data two levels deep. What it shares with other modules, and what it has made
    elsewhere, is not counted; of a module in C, only what Python sees."""
    return {
        module: sys.getsizeof(names)
        + sum(
            _of_value(value, module)
            for name, value in list(names.items())
            if name != "__builtins__"  # everybody's
        )
        for module, names in origins.namespaces()
    }


def _of_value(value: Any, module: str) -> int:
    kind = type(value)
    if kind is FunctionType:
        return _of_function(value) if value.__module__ == module else 0
    if issubclass(kind, type):
        return _of_class(value) if vars(value).get("__module__") == module else 0
    if kind in _CONTAINERS:
        return sys.getsizeof(value) + sum(_of_data(inner) for inner in _inner(value))
    return _of_data(value)


def _of_function(function: FunctionType) -> int:
    return sys.getsizeof(function) + _of_code(function.__code__) + _of_data(function.__doc__)


def _of_code(code: CodeType) -> int:
    own = sys.getsizeof(code) + sys.getsizeof(code.co_code) + sys.getsizeof(code.co_linetable)
    constants = code.co_consts
    return own + sum(
        _of_code(value) if type(value) is CodeType else _of_data(value) for value in constants
    )


def _of_class(kind: type) -> int:
    names = vars(kind)
    size = type.__sizeof__(kind) + sys.getsizeof(dict(names))
    for value in list(names.values()):
        for part in (value, getattr(value, "__func__", None), getattr(value, "fget", None)):
            if type(part) is FunctionType and part.__module__ == kind.__module__:
                size += _of_function(part)
    return size


def _of_data(value: object) -> int:
    """Plain data only: an object's own __sizeof__ is code of somebody's."""
    return sys.getsizeof(value) if type(value) in (str, bytes, bytearray, *_CONTAINERS) else 0


def _inner(container: Any) -> Iterator[Any]:
    yield from list(container)
    if type(container) is dict:
        yield from list(container.values())
