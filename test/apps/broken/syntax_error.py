"""Cannot be parsed."""


def application(environ, start_response)
    return []
