"""Takes its environ apart and puts other things into it."""


def application(environ, start_response):
    """What the next request gets must not show any of it."""
    environ.clear()
    environ["HTTP_X_LEFT"] = "by an earlier request"
    environ["REQUEST_METHOD"] = "TAMPERED"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "0")])
    return []
