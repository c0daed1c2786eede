"""Keeps files in memory, and open files, from its import to its requests."""

import json
import os
import stat

os.makedirs("/tmp/kept/deep", mode=0o750)
with open("/tmp/kept/deep/note.txt", "w") as file:
    file.write("written at import\n")
os.chmod("/tmp/kept/deep/note.txt", 0o640)
os.utime("/tmp/kept/deep/note.txt", (1_000_000_000, 1_000_000_000))
with open("/tmp/kept/bytes", "wb") as file:
    file.write(bytes(range(256)) * 1000)
open("/tmp/kept/empty", "w").close()
os.symlink("deep/note.txt", "/tmp/kept/link")
os.utime("/tmp/kept/deep", (1_000_000_000, 1_000_000_000))

SOURCE = open(__file__, "rb")
SOURCE.readline()
JOURNAL = open("/tmp/journal", "w+")
JOURNAL.write("one\ntwo\n")
JOURNAL.flush()
JOURNAL.seek(4)
# A descriptor with a number of its own choice, and another place in the same file.
os.dup2(os.open("/tmp/kept/bytes", os.O_RDONLY), 20)
os.lseek(20, 5, os.SEEK_SET)
RAW = os.open("/tmp/raw", os.O_RDWR | os.O_CREAT | os.O_APPEND)
os.write(RAW, b"first;")


def describe(path):
    """Mode, time and size of a path, links not followed."""
    found = os.lstat(path)
    return [stat.filemode(found.st_mode), int(found.st_mtime), found.st_size]


def application(environ, start_response):
    """JSON: what has become of it all."""
    os.write(RAW, b"second;")
    with open("/tmp/raw") as raw:
        appended = raw.read()
    answer = {
        "worker": environ["wasgi.worker"],
        "note": open("/tmp/kept/link").read(),
        "link": os.readlink("/tmp/kept/link"),
        "bytes": open("/tmp/kept/bytes", "rb").read() == bytes(range(256)) * 1000,
        "entries": sorted(os.listdir("/tmp/kept")),
        "noteStat": describe("/tmp/kept/deep/note.txt"),
        "folderStat": describe("/tmp/kept/deep")[:2],
        "emptySize": describe("/tmp/kept/empty")[2],
        "source": [SOURCE.tell(), SOURCE.read(6).decode()],
        "journal": JOURNAL.read(),
        "chosen": list(os.read(20, 3)),
        "appended": appended,
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
