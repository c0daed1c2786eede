"""Writes the header X-Say to wsgi.errors, as a line."""


def application(environ, start_response):
    """Nothing to say is an empty line."""
    print(environ.get("HTTP_X_SAY", ""), file=environ["wsgi.errors"])
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []
