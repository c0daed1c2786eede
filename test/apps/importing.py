"""Takes until a file is there to be imported, and says on its log that it has begun."""

import os
import time

print("importing")
while not os.path.exists("/data/go"):
    time.sleep(0.02)


def application(environ, start_response):
    """Answer nothing in particular."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"imported\n"]
