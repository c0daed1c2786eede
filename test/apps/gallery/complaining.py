"""Says on wsgi.errors what it is told, by the methods that PEP 3333 names."""

from gallery.telling import PLAIN, told


def application(environ, start_response):
    errors = environ["wsgi.errors"]
    for method, text in told(environ):
        if method == "print":
            print(text, file=errors)
        elif method == "bytes":
            errors.buffer.write(text)
        elif method == "flush":
            errors.flush()
        else:
            getattr(errors, method)(text)
    start_response("200 OK", [PLAIN])
    return [b"complained"]
