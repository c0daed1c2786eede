"""An access script that says on its log that it was asked, and consents only once a file is there."""

import os
import time


def allow_access(environ, _host):
    """Wait for the file in /data that the query names."""
    name = environ["QUERY_STRING"]
    print(f"asked about {name}")
    while not os.path.exists(f"/data/{name}"):
        time.sleep(0.02)
    return True
