"""An access script: the path of the request says how it decides. `/environ` fails unless the environ
is cut down as a hook's should be."""


def allow_access(environ, host):
    """Decide about a request of `host`."""
    path = environ["PATH_INFO"]
    if path == "/environ":
        forbidden = {"HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "wsgi.input"}
        return host == environ["REMOTE_ADDR"] and not forbidden & set(environ)
    if path == "/raises":
        raise ValueError("a gatekeeper in trouble")
    return {"/denied": False, "/truthy": 1, "/text": "yes", "/none": None}.get(path, True)
