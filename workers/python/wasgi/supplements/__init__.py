"""What web applications need and Pyodide's build lacks. Each module here replaces single
functions, never a module, and keeps the exceptions that people catch.
"""

from typing import Final

from ..host import Host

PATH: Final[list[str]] = []
"""Module path entries behind all others."""


def install(host: Host) -> None:
    """Put everything in place, before the application is imported."""
