"""Hands each request to the application that its X-App header names, one of the modules in gallery/.

With `X-Validated: 1` that application runs inside the standard library's validator, which raises
where the server or the application breaks PEP 3333.
"""

import importlib
import os
import warnings
from wsgiref.validate import WSGIWarning, validator

# Makes a package of this module, so that `from gallery.journal import note` finds the folder.
__path__ = [os.path.join(os.path.dirname(__file__), "gallery")]
# What a snapshot captures of an application is what it has when it is imported.
importlib.import_module("gallery.drawing")

warnings.simplefilter("error", WSGIWarning)


def application(environ, start_response):
    """The environ goes on as it came."""
    name = environ.get("HTTP_X_APP", "stray")
    chosen = importlib.import_module(f"gallery.{name}").application
    if environ.get("HTTP_X_VALIDATED") == "1":
        chosen = validator(chosen)
    return chosen(environ, start_response)
