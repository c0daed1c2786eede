"""What the lock tests run: SQLite and fcntl on files of /data, from several workers."""

import fcntl
import os
import sqlite3
import struct
from typing import IO, Any


def _connect(path: str, timeout: float = 60.0) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=timeout, isolation_level=None)


def create(path: str) -> None:
    """Make the table that the workers fill, and the counter that they all add to."""
    database = _connect(path)
    database.execute("CREATE TABLE row (worker INTEGER, number INTEGER, note TEXT)")
    database.execute("CREATE TABLE counter (value INTEGER)")
    database.execute("INSERT INTO counter VALUES (0)")
    database.close()


def write_rows(path: str, worker: int, count: int) -> int:
    """Insert rows, each in a transaction that also adds one to the common counter."""
    database = _connect(path)
    for number in range(count):
        database.execute("BEGIN IMMEDIATE")
        (value,) = database.execute("SELECT value FROM counter").fetchone()
        database.execute("INSERT INTO row VALUES (?, ?, ?)", (worker, number, "x" * 200))
        database.execute("UPDATE counter SET value = ?", (value + 1,))
        database.execute("COMMIT")
    database.close()
    return count


def check(path: str) -> list[object]:
    """Say what SQLite thinks of the file, how many rows it has and what the counter says."""
    database = _connect(path)
    (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
    (rows,) = database.execute("SELECT count(*) FROM row").fetchone()
    (counter,) = database.execute("SELECT value FROM counter").fetchone()
    database.close()
    return [verdict, rows, counter]


_held: list[sqlite3.Connection | IO[Any]] = []


def hold_transaction(path: str) -> bool:
    """Begin a transaction, write, and neither commit nor close."""
    database = _connect(path)
    database.execute("PRAGMA cache_spill = 1")
    database.execute("PRAGMA cache_size = 1")
    database.execute("BEGIN EXCLUSIVE")
    for number in range(50):
        database.execute("INSERT INTO row VALUES (-1, ?, ?)", (number, "y" * 2000))
    _held.append(database)
    return True


def is_locked(path: str) -> bool:
    """Tell whether a transaction cannot begin at once."""
    database = _connect(path, timeout=0)
    try:
        database.execute("BEGIN IMMEDIATE")
        database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        assert str(error) == "database is locked", error
        return True
    finally:
        database.close()
    return False


def enter_wal(path: str) -> str:
    """Ask for SQLite's WAL mode; how that ends, and what the connection is good for then."""
    database = _connect(path)
    try:
        outcome = str(database.execute("PRAGMA journal_mode = WAL").fetchall())
    except sqlite3.OperationalError as error:
        outcome = str(error)
    database.execute('INSERT INTO row VALUES (0, 0, "")')
    database.execute("DELETE FROM row")
    (verdict,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    return f"{outcome}; written; {verdict}"


def let_go() -> None:
    """Close what this worker holds."""
    while _held:
        _held.pop().close()


def hold_flock(path: str) -> bool:
    """Take a flock lock and keep it."""
    file = open(path, "w")
    fcntl.flock(file.fileno(), fcntl.LOCK_EX)
    _held.append(file)
    return True


def try_flock(path: str) -> str:
    """Try for the same lock without waiting."""
    with open(path, "w") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return type(error).__name__
    return "taken"


def hold_range(path: str, start: int, length: int) -> bool:
    """Lock bytes of a file and keep them locked."""
    file = open(path, "r+b")
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
    _held.append(file)
    return True


def try_range(path: str, start: int, length: int) -> str:
    """Try to lock bytes of a file without waiting."""
    with open(path, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        except OSError as error:
            return type(error).__name__
    return "taken"


def wait_range(path: str, start: int, length: int) -> str:
    """Lock bytes of a file, waiting for as long as it takes."""
    with open(path, "r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_EX, length, start)
    return "taken"


def who_holds(path: str, start: int) -> list[int]:
    """Ask with F_GETLK who holds a byte: type, start, length, holder."""
    with open(path, "r+b") as file:
        request = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, start, 1, 0)
        answer = fcntl.fcntl(file, fcntl.F_GETLK, request)
    kind, _whence, first, length, holder = struct.unpack("hhqqi4x", answer)
    return [kind, first, length, holder]


def close_another(path: str) -> bool:
    """Open and close a file that is locked through another descriptor."""
    with open(path, "rb"):
        return True
