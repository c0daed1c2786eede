"""Remembers the warm-up requests it has answered. Anything below /failing fails."""

import json
import time

WARMED = []


def application(environ, start_response):
    """JSON: the worker, and the warm-up requests that this interpreter has seen."""
    if "wasgi.warmup" in environ:
        names = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "wasgi.warmup")
        WARMED.append([environ[name] for name in names])
    else:
        time.sleep(0.05)  # other requests go to other workers
    if environ["PATH_INFO"].startswith("/failing"):
        raise ZeroDivisionError("as asked")
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"worker": environ["wasgi.worker"], "warmed": WARMED}).encode()]
