"""Ends a request that takes longer than `request_timeout`: a `RequestTimeout` is raised in its own
Python code, and in no other.
"""

import signal
from types import CodeType, FrameType
from typing import Final

from .host import Host

# One that nobody sends and few handle; its meaning is "processor time limit exceeded".
SIGNAL: Final = 24
"""SIGXCPU: by it the host makes Python look up from what it computes."""


class RequestTimeout(BaseException):
    """The request takes longer than `request_timeout`, so it should come to an end.

    Raised once in the code of that request. It has `interrupt_timeout` to clean up after itself; then
    its interpreter is ended. Not an Exception, so that `except Exception` lets it pass.
    """

    def __init__(self) -> None:
        super().__init__("the request takes longer than request_timeout")


def install(host: Host, code: CodeType) -> None:
    """Raise RequestTimeout when the host says so, wherever a function with this `code` is running.

    What is suspended is not interrupted by a signal: Python runs whatever is next then, which may
    be anything. The host ends its wait instead.
    """

    def interrupt(_number: int, frame: FrameType | None) -> None:
        # The signal may have been meant for a request that is over, or find the event loop at work.
        while frame is not None and frame.f_code is not code:
            frame = frame.f_back
        if frame is not None and host.timed_out():
            raise RequestTimeout

    signal.signal(SIGNAL, interrupt)
