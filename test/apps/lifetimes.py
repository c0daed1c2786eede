"""Tells what the environ says of this interpreter's threads and of how long it lives."""


def application(environ, start_response):
    """One line."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    threads, once = environ["wsgi.multithread"], environ["wsgi.run_once"]
    return [f"multithread {threads!r}, run_once {once!r}\n".encode()]
