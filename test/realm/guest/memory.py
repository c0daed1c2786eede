"""What the tests of the memory file system run."""

import errno
import os
import shutil
import sqlite3
import tempfile


def fill(folder: str, size: int) -> list[object]:
    """Write a file of a size; how that ends, and how long the file is then."""
    path = f"{folder}/filling"
    try:
        with open(path, "wb", buffering=0) as file:
            file.write(b"x" * size)
        outcome = "written"
    except OSError as error:
        outcome = errno.errorcode[error.errno or 0]
    length = os.stat(path).st_size
    os.unlink(path)
    return [outcome, length]


def grow(folder: str, size: int) -> str:
    """Make a file longer without writing to it."""
    path = f"{folder}/growing"
    with open(path, "wb") as file:
        try:
            file.truncate(size)
            return "grown"
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        finally:
            os.unlink(path)


def skip(folder: str, size: int) -> str:
    """Write one byte far behind the end."""
    path = f"{folder}/sparse"
    with open(path, "wb", buffering=0) as file:
        file.seek(size)
        try:
            file.write(b"x")
            return "written"
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        finally:
            os.unlink(path)


def count_files(folder: str) -> list[object]:
    """Make empty files until no more, and remove them all."""
    root = tempfile.mkdtemp(dir=folder)
    made = 0
    try:
        while True:
            with open(f"{root}/{made}", "w"):
                made += 1
    except OSError as error:
        outcome = errno.errorcode[error.errno or 0]
    shutil.rmtree(root)
    return [outcome, made]


def count_folders(folder: str) -> str:
    """Make folders until no more, and remove them all."""
    root = tempfile.mkdtemp(dir=folder)
    made = 0
    try:
        while True:
            os.mkdir(f"{root}/{made}")
            made += 1
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    finally:
        shutil.rmtree(root)


def long_links(folder: str, size: int) -> str:
    """Make links with a long target until no more."""
    root = tempfile.mkdtemp(dir=folder)
    made = 0
    try:
        while True:
            os.symlink("t" * size, f"{root}/{made}")
            made += 1
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    finally:
        shutil.rmtree(root)


def hold_removed(folder: str, size: int) -> list[object]:
    """Remove a file that is still open; what fits before and after it is closed."""
    with open(f"{folder}/held", "wb", buffering=0) as file:
        file.write(b"x" * size)
        os.unlink(f"{folder}/held")
        during = fill(folder, size)[0]
    return [during, fill(folder, size)[0]]


def come_and_go(folder: str, size: int, times: int) -> str:
    """Write and remove a file over and over."""
    for _ in range(times):
        outcome, _length = fill(folder, size)
        if outcome != "written":
            return str(outcome)
    return "written"


def database(folder: str) -> int:
    """Use SQLite in memory files, on a temporary table, too."""
    path = f"{folder}/memory.db"
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE row (number INTEGER)")
        connection.executemany("INSERT INTO row VALUES (?)", [(n,) for n in range(1000)])
        connection.execute("CREATE TEMP TABLE copy AS SELECT * FROM row")
    (count,) = connection.execute("SELECT count(*) FROM copy").fetchone()
    connection.close()
    os.unlink(path)
    return int(count)
