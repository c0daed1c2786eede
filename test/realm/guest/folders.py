"""What the file tests run: Python's own ways to look at, read and change files."""

import errno
import importlib
import linecache
import mmap
import os
import shutil
import stat
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path


def _errno(call: Callable[..., object], *arguments: object) -> str:
    try:
        call(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "nothing raised"


def tree(root: str) -> list[str]:
    """All paths below a folder, folders with a slash, by os.walk."""
    found = []
    for folder, folders, files in os.walk(root):
        found += [f"{folder}/{name}/" for name in folders] + [f"{folder}/{name}" for name in files]
    return sorted(found)


def scan(root: str) -> list[list[object]]:
    """What os.scandir says of each entry, and what os.stat says of it."""
    return sorted(
        [entry.name, entry.is_dir(), entry.is_file(), stat.S_ISDIR(os.stat(entry).st_mode)]
        for entry in os.scandir(root)
    )


def look(path: str) -> dict[str, object]:
    """What os.stat says of a path."""
    status = os.stat(path)
    return {
        "size": status.st_size,
        "mtime": round(status.st_mtime_ns / 1_000_000),
        "mode": stat.filemode(status.st_mode),
        "same": status.st_ino == os.lstat(path).st_ino,
    }


def read(path: str) -> str:
    """The whole file, as text."""
    return Path(path).read_text()


def pieces(path: str) -> list[str]:
    """Parts of a file, got by seeking in every way there is."""
    with open(path, "rb") as file:
        start = file.read(3)
        file.seek(2, os.SEEK_CUR)
        middle = file.read(2)
        file.seek(-3, os.SEEK_END)
        end = file.read(100)
        at = os.pread(file.fileno(), 2, 1)
        return [part.decode() for part in (start, middle, end, at)] + [str(file.tell())]


def import_and_fail(folder: str, module: str) -> list[str]:
    """Import a module, have it raise; the last source line of the traceback, and the file."""
    sys.path.insert(0, folder)
    try:
        importlib.import_module(module).fail()
    except ZeroDivisionError as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return [frame.filename, str(frame.lineno), frame.line or ""]
    return []


def reload(module: str) -> object:
    """Import a module again, after its file changed."""
    importlib.invalidate_caches()
    linecache.checkcache()
    return importlib.reload(sys.modules[module]).VALUE


def refusals(folder: str) -> dict[str, str]:
    """Every way to change a read-only folder, and how it is refused."""
    file = f"{folder}/file.txt"
    return {
        "write": _errno(open, file, "w"),
        "append": _errno(open, file, "a"),
        "update": _errno(open, file, "r+"),
        "create": _errno(open, f"{folder}/new", "w"),
        "exclusive": _errno(open, f"{folder}/new", "x"),
        "mkdir": _errno(os.mkdir, f"{folder}/new"),
        "rmdir": _errno(os.rmdir, f"{folder}/folder"),
        "unlink": _errno(os.unlink, file),
        "rename": _errno(os.rename, file, f"{folder}/other"),
        "truncate": _errno(os.truncate, file, 0),
        "chmod": _errno(os.chmod, file, 0o777),
        "utime": _errno(os.utime, file),
        "symlink": _errno(os.symlink, "file.txt", f"{folder}/link"),
        "move out": _errno(os.rename, file, "/tmp/file.txt"),
    }


def may_write(*paths: str) -> list[bool]:
    """What os.access says."""
    return [os.access(path, os.W_OK) for path in paths]


def change_all(folder: str) -> list[str]:
    """The life of files in a writable folder, as applications lead it."""
    with open(f"{folder}/a.txt", "w") as file:
        file.write("one\ntwo\n")
        file.flush()
        os.fsync(file.fileno())
        os.fdatasync(file.fileno())
    with open(f"{folder}/a.txt", "a") as file:
        file.write("three\n")
    with open(f"{folder}/a.txt", "r+") as file:
        file.truncate(4)
    os.makedirs(f"{folder}/deep/er")
    os.replace(f"{folder}/a.txt", f"{folder}/deep/er/b.txt")
    shutil.copytree(f"{folder}/deep", f"{folder}/copy")
    shutil.rmtree(f"{folder}/deep")
    shutil.move(f"{folder}/copy/er/b.txt", "/tmp/moved.txt")
    shutil.move("/tmp/moved.txt", f"{folder}/back.txt")
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
    os.utime(f"{folder}/back.txt", (1_600_000_000.5, 1_700_000_000.25))
    return tree(folder)


def temporary(folder: str) -> list[object]:
    """Temporary files: their mode, and their content once they have no name."""
    handle, path = tempfile.mkstemp(dir=folder)
    mode = stat.filemode(os.stat(path).st_mode)
    os.write(handle, b"kept")
    os.unlink(path)
    os.lseek(handle, 0, os.SEEK_SET)
    content = os.read(handle, 10).decode()
    size = os.fstat(handle).st_size
    os.close(handle)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"x" * 10_000)
        return [mode, content, size, file.tell(), os.listdir(folder)]


def links(folder: str) -> list[str]:
    """Ways to make a link, refused."""
    Path(folder, "file").write_text("x")
    return [
        _errno(os.symlink, "file", f"{folder}/link"),
        _errno(os.symlink, "/etc/passwd", f"{folder}/link"),
    ]


def duplicates(path: str) -> str:
    """Read through a duplicate of a descriptor after the first is closed."""
    first = os.open(path, os.O_RDONLY)
    second = os.dup(first)
    os.close(first)
    content = os.read(second, 100).decode()
    os.close(second)
    return content


def map_read(path: str) -> str:
    """Read a file through mmap."""
    with open(path, "rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return bytes(mapped).decode()


def map_shared(path: str) -> str:
    """Try to share memory with others through a writable file."""
    with open(path, "r+b") as file:
        return _errno(mmap.mmap, file.fileno(), 0)


def too_many(path: str) -> list[object]:
    """Open a file until no more, and go on trying; whether all is well after."""
    before = os.listdir("/proc/self/fd")
    files = []
    refusals = 0
    while refusals < 10:
        try:
            files.append(open(path))
        except OSError as error:
            assert error.errno == errno.EMFILE, error
            refusals += 1
    for file in files:
        file.close()
    return [len(files), os.listdir("/proc/self/fd") == before, read(path)]


def rotate(folder: str) -> list[str]:
    """Move a file away and make another by its name, as logs are rotated."""
    for number in range(3):
        with open(f"{folder}/log", "x") as file:
            file.write(str(number))
        os.rename(f"{folder}/log", f"{folder}/log.{number}")
    return [read(f"{folder}/log.{number}") for number in range(3)]
