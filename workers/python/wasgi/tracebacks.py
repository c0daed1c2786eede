"""Formats tracebacks as the author of the application wants them: without the gateway's frames and
the import system's.
"""

import os
import traceback
from typing import Final

from .timeouts import RequestTimeout

_HERE: Final = os.path.dirname(os.path.abspath(__file__)) + os.sep
_IMPORT_SYSTEM: Final = "<frozen importlib."


def text_of(error: BaseException) -> str:
    """Python's own text for `error`, starting at the first frame that is the application's."""
    try:
        summary = traceback.TracebackException.from_exception(error)
        _strip(summary, set())
        if isinstance(error, RequestTimeout):
            _end_outside(summary.stack)
        return "".join(summary.format())
    except Exception as failure:
        # An exception whose own __str__ or __cause__ misbehaves must not hide that it happened.
        return f"{type(error).__name__} (its traceback cannot be shown: {type(failure).__name__})\n"


def headline(error: BaseException) -> str:
    """Type and message, in one line."""
    try:
        parts = traceback.format_exception_only(error)
        # A SyntaxError's come after the place; of others, notes follow that are lines of their own.
        line = parts[-1 if isinstance(error, SyntaxError) else 0]
        return line.strip().split("\n")[0]
    except Exception:
        return type(error).__name__


def _strip(summary: traceback.TracebackException, seen: set[int]) -> None:
    if id(summary) in seen:
        return
    seen.add(id(summary))
    frames = [frame for frame in summary.stack if not frame.filename.startswith(_IMPORT_SYSTEM)]
    # An error with no frame of the application's is the gateway's own and keeps them all, unless
    # it is about a place in the application's text (only a SyntaxError's summary has a `msg`).
    none = len(frames) if hasattr(summary, "msg") else 0
    first = next((n for n, frame in enumerate(frames) if not _is_ours(frame.filename)), none)
    summary.stack = traceback.StackSummary.from_list(frames[first:])
    for related in (summary.__cause__, summary.__context__, *(summary.exceptions or ())):
        if related is not None:
            _strip(related, seen)


def _end_outside(stack: traceback.StackSummary) -> None:
    """Where a request was interrupted is a line of the application's, not what carried it out."""
    while len(stack) > 1 and _is_ours(stack[-1].filename):
        del stack[-1]


def _is_ours(filename: str) -> bool:
    return os.path.abspath(filename).startswith(_HERE)
