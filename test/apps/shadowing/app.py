"""Has modules of its own that are called as wasgi's are."""

import apache
import mod_wsgi


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{apache.OWN} {mod_wsgi.OWN}".encode()]
