"""Threads cannot be started; the error says so and where to read why."""

import _thread
import threading
from typing import Any

from .. import limits


def _refuse(*_args: Any, **_options: Any) -> Any:
    # RuntimeError is what a full process table gives, and so what libraries are prepared for.
    raise RuntimeError(limits.explained(limits.THREADS))


def install() -> None:
    """Replace the functions that Thread.start and the module _thread end in."""
    for module, names in (
        (threading, ("_start_joinable_thread", "_start_new_thread")),
        (_thread, ("start_joinable_thread", "start_new_thread", "start_new")),
    ):
        for name in names:
            if hasattr(module, name):
                setattr(module, name, _refuse)
