"""An access script of mod_wsgi's: one path is closed."""


def allow_access(environ, host):
    """Refuse /closed to everybody."""
    return environ["PATH_INFO"] != "/closed"
