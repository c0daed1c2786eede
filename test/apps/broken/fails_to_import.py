"""Fails while it is imported, a few calls deep."""


def settings():
    return {}["DATABASE_URL"]


configured = settings()


def application(environ, start_response):
    """Never gets here."""
