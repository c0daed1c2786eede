"""Brings Python to rest before its memory is captured, says whether that can be done, and makes each
copy of the memory current and unlike all others.
"""

import gc
import linecache
import sys
from importlib.machinery import FileFinder
from typing import Any

from . import obstacles, process, snapshot, uniqueness, variables
from .module_sizes import module_sizes
from .snapshot import HookError
from .tracebacks import text_of

__all__ = ["HookError", "begin", "prepare", "resume"]


def begin() -> None:
    """Before the application is imported: what it does from here on will be in every copy."""
    snapshot._set_capturing(True)
    uniqueness.start_counting()


def prepare() -> dict[str, Any]:
    """After import and warm-up: come to rest, and report.

    `ok` with `modules` (bytes by name), `variables` (names read, and where), `random` (draws, and
    where), `open` (see obstacles.open_files) and `hooks` (how many there are); or not ok with
    `reasons` (sentences) and a `traceback`, which may be empty.
    """
    try:
        snapshot._run_before()
    except HookError as error:
        _end()
        reason = f"{str(error)[:1].upper()}{str(error)[1:]}."
        return {"ok": False, "reasons": [reason], "traceback": text_of(error.__cause__ or error)}
    # A memory that stems from another capture has frozen objects, which no search would see.
    gc.unfreeze()
    # Twice: what a finalizer lets go of is garbage only then.
    gc.collect()
    gc.collect()
    reasons = [*obstacles.pending_tasks(), *obstacles.callbacks()]
    if reasons:
        _end()
        return {"ok": False, "reasons": reasons, "traceback": ""}
    uniqueness.find_generators()
    report = {
        "ok": True,
        "modules": module_sizes(),
        "variables": variables.reads(),
        "random": uniqueness.draws(),
        "open": obstacles.open_files(),
        "hooks": len(snapshot._before) + len(snapshot._after),
    }
    _end()
    _forget_files()
    # No collection of a copy has to look at, or write to, what is here now.
    gc.freeze()
    return report


def resume(settings: dict[str, Any]) -> None:
    """After a restore or a wipe, before the first request. HookError: this copy cannot serve.

    `generation`: how often this interpreter has been put into the captured state, which its memory
    cannot know; `names`, `values` and `stale`: see variables.refresh.
    """
    snapshot._set_generation(settings["generation"])
    variables.refresh(settings["names"], settings["values"], settings.get("stale", ()))
    process.set_arguments()
    uniqueness.reseed()
    snapshot._run_after()


def _end() -> None:
    uniqueness.stop_counting()
    snapshot._set_capturing(False)


def _forget_files() -> None:
    """Let copies look afresh at folders and sources, which may have changed by the time.

    Here and not in each copy, which then has nothing to do. importlib.invalidate_caches() would
    also import importlib.metadata and have the library's zip file read anew: 60 ms in the guest.
    """
    for path, finder in list(sys.path_importer_cache.items()):
        if finder is None:
            del sys.path_importer_cache[path]
        elif isinstance(finder, FileFinder):
            finder.invalidate_caches()
    if "importlib.metadata" in sys.modules:
        sys.modules["importlib.metadata"].MetadataPathFinder.invalidate_caches()
    for name, entry in list(linecache.cache.items()):
        # One without a time is not from a file: a library has put it there, which nobody repeats.
        if len(entry) > 1 and entry[1] is not None:
            del linecache.cache[name]
