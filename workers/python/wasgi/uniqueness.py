"""Keeps two copies of one memory from drawing the same random numbers: counts what is drawn while
the memory is made, and seeds every generator anew in each copy.

What it cannot change is what an application has kept: a token drawn at import is in all copies.
"""

import gc
import os
import random
import sys
import weakref
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from . import origins

# Modules that draw when they are imported, and whose secret reseed() renews.
_RENEWED: Final = "multiprocessing.process"
_SOURCES: Final = ("urandom", "getrandom")

# What the functions of `random` are methods of.
_shared: Final[random.Random] = random._inst  # pyright: ignore[reportAttributeAccessIssue]


class _Counting:
    """What one capture counts, and how to end it."""

    def __init__(self) -> None:
        self.draws: Counter[tuple[str, str]] = Counter()
        # By identity: a subclass may compare, or not hash, as it likes.
        self.seeded: dict[int, weakref.ref[random.Random]] = {}
        self.running = True
        self.sources: list[tuple[Callable[..., Any], Callable[..., Any]]] = []
        self.seed = random.Random.seed

    def counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def draw(*args: Any, **kwargs: Any) -> Any:
            # Somebody may keep this function in a place where stop() does not find it.
            if self.running and not origins.called_by(_RENEWED):
                self.draws[origins.caller()] += 1
            return function(*args, **kwargs)

        return draw

    def watched(self, function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def seed(generator: random.Random, a: Any = None, *args: Any, **kwargs: Any) -> None:
            if self.running and a is not None:
                self.seeded[id(generator)] = weakref.ref(generator)
            elif self.running:
                self.seeded.pop(id(generator), None)
            function(generator, a, *args, **kwargs)

        return seed

    def is_seeded(self, generator: random.Random) -> bool:
        reference = self.seeded.get(id(generator))
        return reference is not None and reference() is generator

    def start(self) -> None:
        for name in _SOURCES:
            if hasattr(os, name):
                function = getattr(os, name)
                self.sources.append((function, self.counted(function)))
        _rebind(self.sources)
        random.Random.seed = self.watched(self.seed)

    def stop(self) -> None:
        if self.running:
            self.running = False
            _rebind([(counted, function) for function, counted in self.sources])
            random.Random.seed = self.seed


class _State:
    """Part of the captured memory."""

    counting: _Counting | None = None
    generators: tuple["weakref.ref[random.Random]", ...] = ()


def start_counting() -> None:
    """Count draws from the system's entropy, and note which generators are seeded on purpose."""
    stop_counting()
    _State.counting = _Counting()
    _State.counting.start()


def stop_counting() -> None:
    """Put the plain functions back. The counts stay."""
    if _State.counting is not None:
        _State.counting.stop()


def draws() -> list[dict[str, Any]]:
    """How often each place drew from the system's entropy: `where` and `count`. Drawing from
    `random` is not counted: no copy goes on with the captured state of that."""
    if _State.counting is None:
        return []
    return [
        {"where": f"{module} ({line})", "count": count}
        for (module, line), count in _State.counting.draws.items()
    ]


def find_generators() -> None:
    """Remember every random.Random there is for reseed(), once: looking for them takes long.

    One that got a seed while counting, as in Random(42), is meant to be the same everywhere.
    """
    counting = _State.counting or _Counting()
    _State.generators = tuple(
        weakref.ref(thing)
        for thing in gc.get_objects()
        # By type: isinstance asks an object for its __class__, and a proxy may run anything then.
        if issubclass(type(thing), random.Random)
        and not issubclass(type(thing), random.SystemRandom)
        and thing is not _shared
        and not counting.is_seeded(thing)
    )


def reseed() -> None:
    """Make all that is drawn from here on different from every other copy's. At each restore and
    wipe, so it looks for nothing. SystemRandom and `secrets` have no state."""
    _shared.seed()
    for reference in _State.generators:
        generator = reference()
        if generator is not None:
            _try(generator.seed)
    _reset("uuid", _node=None, _last_timestamp=None, _last_timestamp_v6=None)
    _reset("uuid", _last_timestamp_v7=None, _last_counter_v7=0)
    _reset("tempfile", _name_sequence=None)
    if "numpy.random" in sys.modules:
        _try(sys.modules["numpy.random"].seed)
    if _RENEWED in sys.modules:
        _try(_renew_key)


def _rebind(pairs: list[tuple[Callable[..., Any], Callable[..., Any]]]) -> None:
    """Replace each pair's first by its second in all modules, which may have imported the name."""
    replacements = {id(old): new for old, new in pairs}
    for _, names in origins.namespaces():
        for name, value in list(names.items()):
            if id(value) in replacements:
                names[name] = replacements[id(value)]


def _reset(module: str, **values: Any) -> None:
    names = vars(sys.modules[module]) if module in sys.modules else {}
    for name, value in values.items():
        if name in names:
            names[name] = value


def _renew_key() -> None:
    process: Any = sys.modules[_RENEWED]
    process.current_process()._config["authkey"] = process.AuthenticationString(os.urandom(32))


def _try(seed: Callable[[], object]) -> None:
    try:
        seed()
    except Exception:
        # A subclass whose seed() wants an argument must not keep the others from being seeded.
        pass
