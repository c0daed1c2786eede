"""Sets up what a process is given at its start: environment, module path, folder, text streams."""

import atexit
import io
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Final

from .host import INFO, WARN, Host
from .log_streams import LogStream

APPLICATION_ROOT: Final = "/app"
IMPORTABLE: Final = os.path.join(os.path.dirname(__file__), "importable")
"""The folder of the modules that applications import from us. Behind all others, theirs win."""


def set_environment(env: Mapping[str, str]) -> None:
    """Replace the whole environment: the application sees only what it was given."""
    for name in list(os.environ):
        del os.environ[name]
    os.environ.update(env)
    if hasattr(time, "tzset"):
        time.tzset()


def set_path(entries: Sequence[str], last: Sequence[str]) -> None:
    """Put `entries` before the interpreter's own folders and `last` behind them."""
    own = [entry for entry in sys.path if entry and entry not in entries and entry not in last]
    sys.path[:] = [*entries, *own, *last]


def enter() -> None:
    """What a program would have found about itself: its arguments, its folder."""
    set_arguments()
    # The application's folder is read-only: no attempt to write __pycache__ can succeed.
    sys.dont_write_bytecode = True
    if os.path.isdir(APPLICATION_ROOT):
        os.chdir(APPLICATION_ROOT)


def set_arguments() -> None:
    """There are none but the server's name."""
    sys.argv[:] = ["wasgi"]


def open_streams(host: Host) -> tuple[LogStream, LogStream]:
    """Make stdout and stderr of the server's log, and stdin of nothing."""
    stdout = LogStream(host, INFO, "stdout")
    stderr = LogStream(host, WARN, "stderr")
    sys.stdout = sys.__stdout__ = stdout
    sys.stderr = sys.__stderr__ = stderr
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BytesIO(), "utf-8")
    return stdout, stderr


def run_exit_handlers() -> None:
    """Call what was registered with `atexit`, the last first, once. What fails is written to stderr."""
    atexit._run_exitfuncs()
