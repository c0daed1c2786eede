"""Tells the browser what the page will need, while the page is still being made."""

import time

PAGE = b"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Hints</title>
<link rel="stylesheet" href="/style.css">
<h1>The style was on its way before this page was</h1>
"""
STYLE = b"h1 { color: seagreen }\n"


def application(environ, start_response):
    """The page at `/`, and its style."""
    if environ["PATH_INFO"] == "/style.css":
        start_response("200 OK", [("Content-Type", "text/css")])
        return [STYLE]
    tell = environ.get("wsgi.early_hints")
    if tell is not None:
        tell([("Link", "</style.css>; rel=preload; as=style")])
    time.sleep(0.2)  # what a database would take
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [PAGE]
