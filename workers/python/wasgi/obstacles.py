"""Finds what a capture of the memory cannot carry: tasks that wait for the host, functions that C
calls, and open files, of which the memory has only the number.
"""

import gc
import io
import sys
from collections.abc import Iterator
from typing import Any

from . import origins

_STANDARD_STREAMS = 2


def pending_tasks() -> list[str]:
    """A sentence for each unfinished task of a running loop. A loop that is at rest is memory only
    and so are its tasks; Pyodide's own is never at rest, for the host keeps its timers."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return []
    return [
        f"The task {task.get_name()} ({_coroutine(task.get_coro())}) has not finished."
        for task in _objects(asyncio.Task)
        if not task.done() and task.get_loop().is_running()
    ]


def callbacks() -> list[str]:
    """A sentence for each Python function that ctypes has made callable for C: its entry is in
    the table of WebAssembly, not in the memory."""
    if "_ctypes" not in sys.modules:
        return []
    return [
        f"The ctypes callback {_callback(thing)} can be called by C code, outside this memory."
        for thing in gc.get_objects()
        if type(thing).__name__ == "CThunkObject" and type(thing).__module__ == "_ctypes"
    ]


def open_files() -> list[dict[str, Any]]:
    """What holds a descriptor: `fd`, -1 where Python does not know it; `what` it is; `where`: the
    global that holds it, as `module.name`, or nothing."""
    found: list[tuple[object, dict[str, Any]]] = []
    for file in _objects(io.FileIO):
        if not file.closed and file.fileno() > _STANDARD_STREAMS:
            found.append((file, _entry(file.fileno(), f"file {file.name!r}, mode {file.mode}")))
    if "_socket" in sys.modules:
        for socket in _objects(sys.modules["_socket"].socket):
            if socket.fileno() > _STANDARD_STREAMS:
                found.append((socket, _entry(socket.fileno(), "socket")))
    if "sqlite3" in sys.modules:
        for connection in _objects(sys.modules["sqlite3"].Connection):
            what = _databases(connection)
            if what:
                found.append((connection, _entry(-1, f"SQLite database {what}")))
    if found:
        _name_holders(found)
    return sorted((entry for _, entry in found), key=lambda entry: (entry["fd"], entry["what"]))


def _objects(kind: type[Any]) -> Iterator[Any]:
    for thing in gc.get_objects():
        # By type: isinstance asks an object for its __class__, and a proxy may run anything then.
        if issubclass(type(thing), kind):
            yield thing


def _entry(fd: int, what: str) -> dict[str, Any]:
    return {"fd": fd, "what": what, "where": ""}


def _databases(connection: Any) -> str:
    """The files of a connection; nothing when it is closed, or in memory only."""
    try:
        rows = connection.execute("PRAGMA database_list").fetchall()
    except Exception:
        return ""
    return ", ".join(repr(row[2]) for row in rows if row[2])


def _name_holders(found: list[tuple[object, dict[str, Any]]]) -> None:
    wanted = {id(thing): entry for thing, entry in found}
    for holder, thing in _held():
        entry = wanted.get(id(thing))
        if entry is not None and not entry["where"]:
            entry["where"] = holder


def _held() -> Iterator[tuple[str, object]]:
    """Every global and what is inside it, one step deep, and the files of logging's handlers."""
    for module, names in origins.namespaces():
        for name, value in list(names.items()):
            for thing in _layers(value):
                yield f"{module}.{name}", thing
    logging = sys.modules.get("logging")
    for reference in list(logging._handlerList) if logging is not None else ():
        handler = reference()
        for thing in _layers(getattr(handler, "stream", None)):
            yield f"the {type(handler).__name__} of logging", thing


def _layers(value: object) -> Iterator[object]:
    """A file, and what it is made of: text, buffer, raw file."""
    yield value
    if issubclass(type(value), (io.TextIOWrapper, io.BufferedIOBase)):
        for name in ("buffer", "raw"):
            try:
                inner = getattr(value, name, None)
            except ValueError:
                return  # detached
            if inner is not None:
                yield from _layers(inner)


def _coroutine(coroutine: Any) -> str:
    name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
    frame = getattr(coroutine, "cr_frame", None)
    if frame is None:
        return name
    return f"{frame.f_globals.get('__name__')}.{name}, {frame.f_code.co_filename}:{frame.f_lineno}"


def _callback(thunk: object) -> str:
    for thing in gc.get_referents(thunk):
        code = getattr(thing, "__code__", None)
        if code is not None:
            return (
                f"of {thing.__module__}.{thing.__qualname__} "
                f"({code.co_filename}:{code.co_firstlineno})"
            )
    return "of an object that is no function"
