"""Tells where something comes from: whose line of code is running, which module holds an object."""

import os
import sys
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any, Final

from .loader import APPLICATION_ROOT

_HERE: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARY: Final = os.path.dirname(os.__file__) + os.sep
_PACKAGES: Final = ("site-packages" + os.sep, "dist-packages" + os.sep)
# Every access to os.environ passes through these, so they say nothing.
_MAPPINGS: Final = frozenset(
    {os.getenv.__code__.co_filename, Iterator.__iter__.__code__.co_filename}
)


def application_line() -> str:
    """`file:line` of what is running: the innermost line of the application's own, else that of
    a package, else that of Python's library."""
    package = library = None
    for frame in _callers():
        file = frame.f_code.co_filename
        if file.startswith(APPLICATION_ROOT + "/"):
            return _line(frame)
        if package is None and not _is_library(file):
            package = frame
        library = library or frame
    frame = package or library
    return "" if frame is None else _line(frame)


def caller() -> tuple[str, str]:
    """Module and `file:line` of the innermost code that is running and not of Python's library.
    When all is, its innermost code."""
    library = None
    for frame in _callers():
        if not _is_library(frame.f_code.co_filename):
            return _module(frame), _line(frame)
        library = library or frame
    return ("", "") if library is None else (_module(library), _line(library))


def called_by(module: str) -> bool:
    """Whether `module` is what called the gateway's code."""
    frame = next(_callers(), None)
    return frame is not None and _module(frame) == module


def namespaces() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and globals of every loaded module."""
    for name, module in list(sys.modules.items()):
        # By type, and past its own __getattribute__: a look must not load a lazy module.
        if issubclass(type(module), ModuleType):
            yield name, object.__getattribute__(module, "__dict__")


def _callers() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(_HERE) and file not in _MAPPINGS:
            yield frame
        frame = frame.f_back


def _is_library(file: str) -> bool:
    # "<frozen ...>" is the library; "<string>" is code made by some library, as dataclasses does.
    if file.startswith("<"):
        return True
    return file.startswith(_LIBRARY) and not file.startswith(_PACKAGES, len(_LIBRARY))


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "?"))


def _line(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
