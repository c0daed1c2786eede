"""Reads variables while it is imported, or not: names that are there decide, and asking for a name
is not reading its value."""

import json
import os

FOUND = "a text of the application's own"

NAMES = sorted(name for name in os.environ if name.isupper())

FROM_IMPORT = {}
if "READ_TOKEN" in os.environ:
    FROM_IMPORT["TOKEN"] = os.environ["TOKEN"]
if "READ_PLAIN" in os.environ:
    FROM_IMPORT["PLAIN"] = os.getenv("PLAIN")


def application(environ, start_response):
    """JSON: names and values as they were at import, and values as they are now."""
    now = {name: os.environ[name] for name in ("TOKEN", "PLAIN")}
    answer = {"names": NAMES, "imported": FROM_IMPORT, "now": now, "count": len(os.environ)}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
