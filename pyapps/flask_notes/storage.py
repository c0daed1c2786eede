"""Where things are kept: a SQLite file and a secret key in the data folder, shared by all workers."""

import fcntl
import os
import secrets
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path

from flask import g

GRANTED = Path(os.environ.get("DATA_DIR", "/data"))
LASTING = GRANTED.is_dir()
"""False without a data folder: everything is then lost with the worker that has it."""
FOLDER = GRANTED if LASTING else Path(tempfile.gettempdir())


def secret_key():
    """What sessions are signed with: $SECRET_KEY, or one that is made once for each data folder."""
    if given := os.environ.get("SECRET_KEY"):
        return given
    file = FOLDER / "secret_key"
    with one_at_a_time():
        if not file.exists():
            file.write_text(secrets.token_hex())
        return file.read_text()


def prepare():
    """Make the tables, once for each data folder."""
    schema = Path(__file__).with_name("schema.sql").read_text()
    with one_at_a_time():
        connection = open_database()
        connection.executescript(schema)
        connection.close()


def database():
    """The connection of this request."""
    if "database" not in g:
        g.database = open_database()
    return g.database


def close(_error):
    """Close the connection of this request, if it has one."""
    if connection := g.pop("database", None):
        connection.close()


def open_database():
    """A connection that waits for other workers to finish writing."""
    connection = sqlite3.connect(FOLDER / "notes.sqlite3", timeout=30)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextmanager
def one_at_a_time():
    """Keep other workers out meanwhile: all of them start at the same time."""
    with open(FOLDER / "start.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
