"""`import apache`: mod_wsgi's companion module. There is no Apache, and the answers say so where they can."""

from typing import Any

from wasgi import identity

# What mod_wsgi 6 needs at least; code that compares finds the features it may expect.
version = (2, 4, 0)
threads_per_process = identity.THREADS
description = "wasgi"
mpm_name = "wasgi"
build_date = ""


def __getattr__(name: str) -> Any:
    if name == "maximum_processes":
        return identity.CURRENT.maximum_processes
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
