"""Answers with the status and headers it is told, and hands the items to write()."""

from gallery.telling import given, told


def application(environ, start_response):
    status, headers, items = told(environ)
    write = start_response(status, headers)
    for item in given(items):
        write(item)
    return []
