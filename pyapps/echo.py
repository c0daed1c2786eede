"""Says back what it was asked: `/` shows the request, `/body` streams the body back as it comes."""

PIECE = 64 * 1024


def application(environ, start_response):
    """Show the request, or send its body back."""
    if environ["PATH_INFO"] == "/body":
        return send_back(environ, start_response)
    return show(environ, start_response)


def show(environ, start_response):
    """The method, the environ and the body, as text."""
    lines = [f"{environ['REQUEST_METHOD']} {environ['SCRIPT_NAME']}{environ['PATH_INFO']}", ""]
    lines += [f"{name}: {value!r}" for name, value in sorted(environ.items())]
    page = "\n".join(lines).encode() + b"\n\n" + b"".join(pieces(environ["wsgi.input"]))
    start_response(
        "200 OK",
        [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(page)))],
    )
    return [page]


def send_back(environ, start_response):
    """Each piece goes out before the next one is read, so the body may be of any size."""
    headers = [("Content-Type", environ.get("CONTENT_TYPE") or "application/octet-stream")]
    if environ.get("CONTENT_LENGTH"):
        headers.append(("Content-Length", environ["CONTENT_LENGTH"]))
    start_response("200 OK", headers)
    return pieces(environ["wsgi.input"])


def pieces(stream):
    """The stream, a piece at a time."""
    while piece := stream.read(PIECE):
        yield piece
