"""Answers with the status, headers and iterable it is told, whatever they are."""

from gallery.telling import told


def application(environ, start_response):
    status, headers, iterable = told(environ)
    start_response(status, headers)
    return iterable
