"""Answers with the status and headers it is told, and yields the items from a generator."""

from gallery.telling import given, told


def application(environ, start_response):
    status, headers, items = told(environ)
    start_response(status, headers)
    return given(items)
