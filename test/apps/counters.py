"""Counters that all workers share, each safe by a different kind of lock."""

import fcntl
import os
import sqlite3


def application(environ, start_response):
    """POST counts one more, GET tells how many; the path names the kind."""
    counter = COUNTERS[environ["PATH_INFO"].strip("/")]
    value = counter(1 if environ["REQUEST_METHOD"] == "POST" else 0)
    start_response(
        "200 OK", [("Content-Type", "text/plain"), ("X-Worker", environ["wasgi.worker"])]
    )
    return [b"%d" % value]


def sqlite(step):
    """SQLite's own locks, which are byte ranges."""
    connection = sqlite3.connect("/data/counter.sqlite3", timeout=60, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE IF NOT EXISTS counter (id INTEGER PRIMARY KEY, value INT)")
        connection.execute("INSERT OR IGNORE INTO counter VALUES (1, 0)")
        # Read here and written back, so that a lock that is none loses counts.
        (value,) = connection.execute("SELECT value FROM counter").fetchone()
        connection.execute("UPDATE counter SET value = ?", [value + step])
        connection.execute("COMMIT")
        return value + step
    finally:
        connection.close()


def flock(step):
    """A lock on the whole file."""
    return in_file("/data/flock.txt", fcntl.flock, step)


def lockf(step):
    """A POSIX lock on a range of bytes."""
    return in_file("/data/lockf.txt", fcntl.lockf, step)


def in_file(path, lock, step):
    """Read, count and write back, in as many calls as possible."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        lock(file, fcntl.LOCK_EX)
        value = int(file.read() or 0) + step
        file.seek(0)
        file.write(str(value))
        file.flush()
        lock(file, fcntl.LOCK_UN)
        return value


def die(_step):
    """End in the middle of a transaction, with the lock held and the file half written."""
    connection = sqlite3.connect("/data/counter.sqlite3", timeout=60, isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")  # pages go to the file before the commit
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("UPDATE counter SET value = value + 1000")
    connection.execute("CREATE TABLE scrap (text TEXT)")
    connection.executemany("INSERT INTO scrap VALUES (?)", [["x" * 4000]] * 50)
    os._exit(1)


COUNTERS = {"sqlite": sqlite, "flock": flock, "lockf": lockf, "die": die}
