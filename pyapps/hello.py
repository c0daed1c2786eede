"""The smallest application: one function, as PEP 3333 defines it."""


def application(environ, start_response):
    """Greet whoever asks, by the path they asked for."""
    name = environ["PATH_INFO"].strip("/") or "world"
    body = f"Hello, {name.encode('latin-1').decode('utf-8', 'replace')}!\n".encode()
    start_response(
        "200 OK",
        [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))],
    )
    return [body]
