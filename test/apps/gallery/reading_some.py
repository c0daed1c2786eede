"""Reads the first five bytes of its body and leaves the rest."""


def application(environ, start_response):
    """Answers with what it has read."""
    body = environ["wsgi.input"].read(5)
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
