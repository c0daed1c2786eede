"""Computes for as long as the path says to, and tells as JSON what `mod_wsgi` has counted."""

import json
import time

import mod_wsgi

mod_wsgi.start_recording_metrics()
BEGAN = time.time()


def application(environ, start_response):
    before = mod_wsgi.process_metrics()
    if environ["PATH_INFO"] == "/compute":
        while mod_wsgi.process_metrics()["cpu_user_time"] < before["cpu_user_time"] + 0.05:
            pass
    start_response("200 OK", [("Content-Type", "application/json")])
    told = {
        "began": BEGAN,
        "process": mod_wsgi.process_metrics(),
        "interval": mod_wsgi.request_metrics(),
    }
    return [json.dumps(told).encode()]
