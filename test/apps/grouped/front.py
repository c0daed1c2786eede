"""Tells what it is, whom it shares an interpreter with, and what it can see."""

import json
import os
import sys
from typing import Any

import ledger

ledger.imported.append("front")


def answer(name: str, environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Note the visit and answer with all that is known."""
    ledger.visits.append(name)
    found = {
        "name": name,
        "script_name": environ["SCRIPT_NAME"],
        "path_info": environ["PATH_INFO"],
        "worker": environ["wasgi.worker"],
        "visits": ledger.visits,
        "imported": ledger.imported,
        "folders": sorted(
            entry for entry in os.listdir("/") if entry[:4] in ("app", "app2", "data")
        ),
        "packages": sorted(
            name for path in sys.path if path.startswith("/packages") for name in os.listdir(path)
        ),
        "data": sorted(os.listdir("/data")) if os.path.isdir("/data") else None,
        "env": {name: os.environ[name] for name in ("COMMON", "OWN") if name in os.environ},
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(found).encode()]


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The usual name."""
    return answer("front", environ, start_response)


def second(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Another callable of the same module."""
    return answer("second", environ, start_response)
