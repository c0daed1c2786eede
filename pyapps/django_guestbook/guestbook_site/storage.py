"""Where things are kept: the data folder, which all workers share, and the secret key in it."""

import fcntl
import os
import secrets
import tempfile
from contextlib import contextmanager
from pathlib import Path

GRANTED = Path(os.environ.get("DATA_DIR", "/data"))
LASTING = GRANTED.is_dir()
"""False without a data folder: everything is then lost with the worker that has it."""
FOLDER = GRANTED if LASTING else Path(tempfile.gettempdir())


@contextmanager
def one_at_a_time():
    """Keep other workers out meanwhile: all of them start at the same time."""
    with open(FOLDER / "start.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def secret_key():
    """What sessions are signed with: $SECRET_KEY, or one that is made once for each data folder."""
    if given := os.environ.get("SECRET_KEY"):
        return given
    file = FOLDER / "secret_key"
    with one_at_a_time():
        if not file.exists():
            file.write_text(secrets.token_urlsafe(50))
        return file.read_text()
