"""`os.environ` by demand: a variable's value enters this memory when the application first reads it,
and the read is remembered. What was never read is in no snapshot.
"""

import os
import time
from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    ValuesView,
)
from typing import Any, Final

from . import origins

Fetch = Callable[[str], str]

_UNREAD: Final = object()
_installed: "list[_Values]" = []
"""The one mapping, found here: an application can put something else in os.environ's place."""
# Pyodide's start sets it, also that of an interpreter which is then restored.
_LINKER_PATH: Final = b"LD_LIBRARY_PATH"


class _Values(dict[bytes, Any]):
    """What os.environ and os.environb share. It holds a marker in the place of an unread value, and
    every way to a value leads through __getitem__."""

    def __init__(self, fetch: Fetch) -> None:
        super().__init__()
        self.fetch = fetch
        self.own: set[bytes] = set()
        """Written or deleted by the application: the host's value does not come back."""
        self.eager: set[bytes] = set()
        """Given with their value, which C's environment has, too."""
        self.reads: list[dict[str, str]] = []
        self.linker_path: tuple[bool, Any] = (False, None)
        """Whether it is in `own`, and its value or None, as it was captured."""

    def __getitem__(self, key: bytes) -> Any:
        value = super().__getitem__(key)
        return self._resolve(key) if value is _UNREAD else value

    def __setitem__(self, key: bytes, value: Any) -> None:
        self.own.add(key)
        super().__setitem__(key, value)

    def __delitem__(self, key: bytes) -> None:
        super().__delitem__(key)
        self.own.add(key)

    def __iter__(self) -> Iterator[bytes]:
        # Having this method at all keeps dict(self) from copying the markers.
        return iter(list(super().keys()))

    def items(self) -> Any:
        return ItemsView(self)

    def values(self) -> Any:
        return ValuesView(self)

    def copy(self) -> dict[bytes, Any]:
        return dict(self)

    def clear(self) -> None:
        """Forget what C's environment knows: os.reload_environ() begins so, and then reads that."""
        for key in self:
            if key in self.own or key in self.eager:
                super().pop(key)

    def __reduce__(self) -> Any:
        # A copy is a plain dictionary with the values of now; the host belongs to this one.
        return dict, (dict(self),)

    get: Any = Mapping.get
    pop = MutableMapping.pop
    popitem = MutableMapping.popitem
    setdefault = MutableMapping.setdefault
    __eq__ = Mapping.__eq__

    def give(self, key: bytes, value: Any) -> None:
        """Set the host's value, unless the application has decided otherwise."""
        if key in self.own:
            return
        if value is not _UNREAD:
            os.putenv(key, value)
            self.eager.add(key)
        elif key in self.eager:
            os.unsetenv(key)
            self.eager.discard(key)
        super().__setitem__(key, value)

    def take(self, key: bytes) -> None:
        """Remove a value of the host's."""
        if key in self.own:
            return
        if key in self.eager:
            os.unsetenv(key)
            self.eager.discard(key)
        super().pop(key)

    def is_read(self, key: bytes) -> bool:
        """Whether a value that is not eager is in this memory."""
        return key not in self.eager and super().get(key, _UNREAD) is not _UNREAD

    def _resolve(self, key: bytes) -> Any:
        name = os.fsdecode(key)
        try:
            value = os.fsencode(self.fetch(name))
        except KeyError:
            super().pop(key, None)
            raise KeyError(key) from None
        super().__setitem__(key, value)
        self.reads.append({"name": name, "where": origins.application_line()})
        return value


def _mapping() -> _Values:
    return _installed[0]


def keep_linker_path() -> None:
    """Before a capture: remember what the next start of Pyodide will overwrite."""
    data = _mapping()
    data.linker_path = (_LINKER_PATH in data.own, dict.get(data, _LINKER_PATH))


def put_linker_path_back() -> None:
    """After a restore: undo that."""
    data = _mapping()
    own, value = data.linker_path
    if value is None:
        dict.pop(data, _LINKER_PATH, None)
        os.unsetenv(_LINKER_PATH)
    else:
        dict.__setitem__(data, _LINKER_PATH, value)
        if value is not _UNREAD:
            os.putenv(_LINKER_PATH, value)
    if not own:
        data.own.discard(_LINKER_PATH)


class _Environment(os._Environ):
    """os._Environ, less the reads that it does not need. Never made: os.environ becomes one."""

    _data: _Values

    def __contains__(self, key: object) -> bool:
        return self.encodekey(key) in self._data

    def clear(self) -> None:
        """Delete all, without the look that popitem() takes at each."""
        for key in list(self):
            del self[key]


def install(names: Iterable[str], values: Mapping[str, str], fetch: Fetch) -> None:
    """Replace the whole environment: `values` are there at once, a value of `names` is what `fetch`
    answers when it is first read; its KeyError says that there is none any more."""
    mappings: tuple[Any, ...] = (os.environ, os.environb)
    for name in list(os.environ):
        del os.environ[name]
    data = _Values(fetch)
    for mapping in mappings:
        # The same objects as ever: every module that uses them has references to them.
        mapping.__class__ = _Environment
        mapping._data = data
    _installed[:] = [data]
    _give(data, names, values, ())
    _set_time_zone()


def refresh(names: Iterable[str], values: Mapping[str, str], stale: Iterable[str] = ()) -> None:
    """Bring a captured environment up to date: as `install` would have left it, but for what the
    application wrote, deleted, or has read. `stale` names are to be read anew."""
    data = _mapping()
    names = list(names)
    passed = {os.fsencode(name) for name in (*names, *values)}
    for key in data:
        if key not in passed:
            data.take(key)
    _give(data, names, values, stale)
    _set_time_zone()


def reads() -> list[dict[str, str]]:
    """The `name` of each value that was fetched, and `where`: the first line that read it."""
    return list(_installed[0].reads) if _installed else []


def _give(
    data: _Values, names: Iterable[str], values: Mapping[str, str], stale: Iterable[str]
) -> None:
    outdated = set(stale)
    for name in names:
        key = os.fsencode(name)
        if name not in values and (name in outdated or not data.is_read(key)):
            data.give(key, _UNREAD)
    for name, value in values.items():
        data.give(os.fsencode(name), os.fsencode(value))


def _set_time_zone() -> None:
    if hasattr(time, "tzset"):
        time.tzset()
