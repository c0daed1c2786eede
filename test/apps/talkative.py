"""Writes to every stream that an application has."""

import logging
import sys

logging.basicConfig(level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s")
print("printed at import")


def application(environ, start_response):
    """Print, log, and write to wsgi.errors."""
    word = environ["QUERY_STRING"] or "nothing"
    print(f"printed {word}")
    print(f"unfinished {word}", end="")
    print(f"to stderr {word}", file=sys.stderr)
    logging.getLogger("shop").warning("logged %s", word)
    environ["wsgi.errors"].write(f"errors {word}\nsecond line\n")
    print(f"\x1b[2Jforged {word}\nwasgi ready on http://example.org")
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]
