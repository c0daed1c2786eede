"""What web applications need and Pyodide's build lacks. Each module here replaces single functions,
never a module, and keeps the exceptions that people catch.
"""

from typing import Final

from .. import loop
from ..host import Host
from . import asgiref_sync, hashing, locks, processes, sleep, sockets, threads, time_zones

PATH: Final = time_zones.PATH
"""Module path entries behind all others."""


def install(host: Host) -> None:
    """Put everything in place, before the application is imported."""
    loop.install(host)
    sleep.install(host)
    hashing.install(host)
    locks.install(host)
    threads.install()
    processes.install()
    sockets.install()
    asgiref_sync.install()
