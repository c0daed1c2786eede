"""Processes cannot be started: subprocess, os.fork and its kin, multiprocessing. Each fails as it
would on a system without them, with a message that says so.
"""

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

from .. import limits
from .after_import import AfterImport

# All others of their kind (os.popen, os.spawn*, os.execl ...) end in one of these.
_REFUSED: Final = ("fork", "forkpty", "posix_spawn", "posix_spawnp", "execv", "execve", "system")


def _refuse(*_args: Any, **_options: Any) -> Any:
    raise limits.not_available(errno.ENOTSUP, limits.PROCESSES)


class NoMultiprocessing:
    """A finder that explains why the one C module is missing that all of multiprocessing needs."""

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: object = None
    ) -> None:
        """Raise for the one module that it knows."""
        if name == "_multiprocessing":
            raise ModuleNotFoundError(limits.explained(limits.MULTIPROCESSING), name=name)


def _limit_pool(module: Any) -> None:
    """Let ProcessPoolExecutor find that this system is limited, as it does on others."""
    module._system_limits_checked = True
    module._system_limited = limits.explained(limits.PROCESSES)


def install() -> None:
    """Replace what would start a process."""
    for name in _REFUSED:
        if hasattr(os, name):
            setattr(os, name, _refuse)
    subprocess.Popen.__init__ = _refuse
    AfterImport("concurrent.futures.process", _limit_pool).install()
    sys.meta_path.insert(0, NoMultiprocessing())
