"""Draws from everything that is random, once while it is imported and then for each request."""

import json
import os
import random
import secrets
import sys
import tempfile
import time
import uuid


class Dice(random.Random):
    """A generator of an application's own."""


GENERATOR = random.Random()
SEEDED = random.Random(42)
HIDDEN = {"dice": Dice()}
draw = random.random

WAYS = {
    "random.random": lambda: draw(),
    "random.getrandbits": lambda: random.getrandbits(64),
    "module-level Random": lambda: GENERATOR.random(),
    "subclass of Random": lambda: HIDDEN["dice"].random(),
    "new Random": lambda: random.Random().random(),
    "SystemRandom": lambda: random.SystemRandom().random(),
    "uuid4": lambda: str(uuid.uuid4()),
    "uuid1": lambda: str(uuid.uuid1()),
    "uuid1's node": lambda: uuid.getnode(),
    "secrets": lambda: secrets.token_hex(),
    "os.urandom": lambda: os.urandom(16).hex(),
    "os.getrandom": lambda: os.getrandom(16).hex() if hasattr(os, "getrandom") else None,
    "tempfile": lambda: tempfile.mktemp(),
}

# Whatever a generator keeps from its first use is captured, too.
AT_IMPORT = {name: way() for name, way in WAYS.items()}
TOKEN = secrets.token_hex(16)

CLOCKS = {
    "monotonic": time.monotonic,
    "perf_counter": time.perf_counter,
    "time": time.time,
}
CLOCKS_AT_IMPORT = {name: clock() for name, clock in CLOCKS.items()}

sys.argv.append("left at import")
os.chdir("/tmp")


def application(environ, start_response):
    """JSON: the worker, one draw of each kind, and where this process believes to be."""
    answer = {
        "worker": environ["wasgi.worker"],
        "draws": {name: way() for name, way in WAYS.items()},
        "imported": AT_IMPORT,
        "seeded": SEEDED.random(),
        "hash": hash("text"),
        "clocks": {name: clock() for name, clock in CLOCKS.items()},
        "clocksAtImport": CLOCKS_AT_IMPORT,
        "folder": os.getcwd(),
        "argv": sys.argv,
    }
    time.sleep(0.05)  # other requests go to other workers
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
