"""Breaks where nobody is asking: in hooks and in warm-up requests, as variables say."""

import os
import sqlite3
import time

from wasgi.snapshot import after_restore, generation

database = sqlite3.connect(":memory:")
database.execute("SELECT randomblob(8)").fetchall()


@after_restore
def break_when_wiped():
    """Do what BREAK says, but only once the interpreter has served."""
    if generation() < 2:
        return
    if os.environ.get("BREAK") == "exit":
        os._exit(3)
    if os.environ.get("BREAK") == "hang":
        time.sleep(1000)


def application(environ, start_response):
    """Draw something from SQLite."""
    if environ["PATH_INFO"] == "/exit":
        os._exit(3)
    start_response("200 OK", [("Content-Type", "text/plain")])
    ((drawn,),) = database.execute("SELECT hex(randomblob(16))").fetchall()
    return [drawn.encode()]
