"""Formats tracebacks as the author of the application wants them: without the gateway's frames and
the import system's.
"""

import os
import traceback
from typing import Final

_HERE: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_IMPORT_SYSTEM: Final = "<frozen importlib."


def text_of(error: BaseException) -> str:
    """Python's own text for `error`, starting at the first frame that is the application's."""
    try:
        summary = traceback.TracebackException.from_exception(error)
        _strip(summary, set())
        return "".join(summary.format())
    except Exception as failure:
        # An exception whose own __str__ or __cause__ misbehaves must not hide that it happened.
        return f"{type(error).__name__} (its traceback cannot be shown: {type(failure).__name__})\n"


def headline(error: BaseException) -> str:
    """The last line of the traceback: type and message."""
    try:
        lines = traceback.format_exception_only(error)
        return lines[-1].strip() if lines else type(error).__name__
    except Exception:
        return type(error).__name__


def _strip(summary: traceback.TracebackException, seen: set[int]) -> None:
    if id(summary) in seen:
        return
    seen.add(id(summary))
    frames = [frame for frame in summary.stack if not frame.filename.startswith(_IMPORT_SYSTEM)]
    first = next((n for n, frame in enumerate(frames) if not _is_ours(frame.filename)), 0)
    summary.stack = traceback.StackSummary.from_list(frames[first:])
    for related in (summary.__cause__, summary.__context__, *(summary.exceptions or ())):
        if related is not None:
            _strip(related, seen)


def _is_ours(filename: str) -> bool:
    return os.path.abspath(filename).startswith(_HERE)
