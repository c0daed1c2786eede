"""Notes when its hooks are called. Names in the environment make one of them fail or linger."""

import asyncio
import json
import os
import time

from wasgi import snapshot

EVENTS = []


def note(name):
    """What happened, and what the module says of that moment."""
    EVENTS.append([name, snapshot.generation(), snapshot.is_capturing()])


def asked(name):
    """Whether the test wants this to happen."""
    return name in os.environ


def limit(name):
    """Short for the hook that is to be beyond it; for others no machine is too slow."""
    return 0.2 if asked(name) else 60


note("import")


@snapshot.before_snapshot
def first_before():
    """Registered first, so called last."""
    note("first before")
    if asked("FAIL_BEFORE"):
        raise RuntimeError("no wish to be captured")


@snapshot.before_snapshot(timeout=limit("LINGER_BEFORE"))
async def second_before():
    """Registered last, so called first."""
    await asyncio.sleep(60 if asked("LINGER_BEFORE") else 0.01)
    note("second before")


@snapshot.after_restore(timeout=limit("LINGER_AFTER"))
async def first_after():
    """Called first."""
    await asyncio.sleep(60 if asked("LINGER_AFTER") else 0.01)
    note("first after")


@snapshot.after_restore(timeout=limit("BLOCK_AFTER"))
def second_after():
    """Called last. It may fail once among all workers, always, or after the first wipe."""
    note("second after")
    if asked("FAIL_AFTER_ONCE"):
        try:
            os.close(os.open("/data/failed", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            return
        raise LookupError("a database that is not there")
    if asked("FAIL_AFTER_WIPE") and snapshot.generation() == 2:
        raise LookupError("a database that has gone")
    if asked("BLOCK_AFTER"):
        time.sleep(0.5)


def application(environ, start_response):
    """JSON: the worker, and what has happened in this interpreter."""
    answer = {
        "worker": environ["wasgi.worker"],
        "events": EVENTS,
        "generation": snapshot.generation(),
        "capturing": snapshot.is_capturing(),
    }
    time.sleep(0.05)  # other requests go to other workers
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
