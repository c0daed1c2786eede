"""time.sleep that suspends the request instead of blocking the worker's thread."""

import operator
import time
from math import ceil
from typing import Any, Final

from ..host import Host

# The longest time a timer of the host can take: 2 ** 31 ms; half of it, to be far from the edge.
_LONGEST_MS: Final = 1 << 30


def install(host: Host) -> None:
    """Replace time.sleep; same arguments, same errors."""
    monotonic = time.monotonic
    suspend = host.suspend

    def sleep(seconds: Any, /) -> None:
        """Suspend the request for `seconds`."""
        length = seconds if isinstance(seconds, float) else float(operator.index(seconds))
        if length != length:
            raise ValueError("Invalid value NaN (not a number)")
        if length < 0:
            raise ValueError("sleep length must be non-negative")
        end = monotonic() + length
        left = length * 1000
        while True:
            # The host's timers count whole milliseconds: rounded down, it would wake too soon.
            suspend(ceil(min(left, _LONGEST_MS)))
            left = (end - monotonic()) * 1000
            if left <= 0:
                return

    time.sleep = sleep
