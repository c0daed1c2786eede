"""Keeps an SQLite connection open between requests. No snapshot can carry that, so each copy of the
captured interpreter opens its own.
"""

import sqlite3

from wasgi.snapshot import after_restore, before_snapshot, is_capturing

connection = None
rendered = {"/": "warm"}


@after_restore
def connect():
    """Open the database, in each copy before its first request."""
    global connection
    connection = sqlite3.connect("/data/visits.sqlite")
    connection.execute("CREATE TABLE IF NOT EXISTS visits (path TEXT)")


@before_snapshot
def forget():
    """Leave out of the snapshot what only takes space in it."""
    rendered.clear()


if not is_capturing():
    connect()


def application(environ, start_response):
    """Count the visits."""
    with connection:
        connection.execute("INSERT INTO visits VALUES (?)", [environ["PATH_INFO"]])
    (count,) = connection.execute("SELECT count(*) FROM visits").fetchone()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{count} visits, {len(rendered)} pages kept\n".encode()]
