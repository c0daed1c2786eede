"""The words in which the gateway says that something is not to be had here. Every message names the
page that explains it.
"""

from typing import Final

PROCESSES: Final = "processes cannot be started inside WebAssembly"
NETWORK: Final = "this application has no network"
LISTENING: Final = "an application cannot listen for connections, the server does that"
THREADS: Final = "can't start new thread: an interpreter has one thread"
MULTIPROCESSING: Final = "multiprocessing needs processes, which cannot be started in WebAssembly"


def explained(what: str) -> str:
    """`what`, and where to read on."""
    return f"{what} (wasgi, docs/limits.md)"


def not_available(code: int, what: str) -> OSError:
    """The OSError that the system would have raised, were it one without this feature."""
    return OSError(code, explained(what))
