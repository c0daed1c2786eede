"""Never calls start_response."""

from gallery.telling import given, told


def application(environ, start_response):
    kind, items = told(environ)
    return given(items) if kind == "generator" else items
