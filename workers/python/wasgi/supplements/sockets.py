"""Sockets lead nowhere: connecting and listening fail as on a machine without a network."""

import errno
import socket
from typing import Any

from .. import limits


def _unreachable(*_args: Any, **_options: Any) -> Any:
    raise limits.not_available(errno.ENETUNREACH, limits.NETWORK)


def _unreachable_code(*_args: Any, **_options: Any) -> int:
    return errno.ENETUNREACH


def _no_listening(*_args: Any, **_options: Any) -> Any:
    raise limits.not_available(errno.EOPNOTSUPP, limits.LISTENING)


def install() -> None:
    """Replace the methods that would reach the network."""
    methods: dict[str, Any] = {
        "connect": _unreachable,
        "connect_ex": _unreachable_code,
        "sendto": _unreachable,
        "sendmsg": _unreachable,
        "bind": _no_listening,
        "listen": _no_listening,
    }
    for name, method in methods.items():
        setattr(socket.socket, name, method)
