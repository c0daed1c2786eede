"""fcntl.flock that locks: the call of Pyodide's C library succeeds without doing anything."""

import errno
import fcntl
import operator
import os
from typing import Any

from ..host import Host
from ..timeouts import RequestTimeout


def install(host: Host) -> None:
    """Replace fcntl.flock; same arguments, same errors."""

    def flock(fd: Any, operation: int, /) -> None:
        """Lock or unlock the file, for all workers to see."""
        fileno = getattr(fd, "fileno", None)
        if not isinstance(fd, int) and fileno is None:
            raise TypeError("argument must be an int, or have a fileno() method.")
        number: int = fd if fileno is None else fileno()
        if number < 0:
            raise ValueError(f"file descriptor cannot be a negative integer ({number})")
        code = host.flock(number, operator.index(operation))
        if code == errno.EINTR and host.timed_out():
            raise RequestTimeout
        if code == errno.EINTR:
            raise InterruptedError(code, os.strerror(code))
        if code:
            raise OSError(code, os.strerror(code))

    fcntl.flock = flock
