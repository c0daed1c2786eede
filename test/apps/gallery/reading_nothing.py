"""Asks for nothing of its body: `read(0)`."""


def application(environ, start_response):
    """Answers with how much that was."""
    body = str(len(environ["wsgi.input"].read(0))).encode()
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
