"""Every example application inside the standard library's validator, by the first part of the path."""

import warnings
from wsgiref.util import shift_path_info
from wsgiref.validate import WSGIWarning, validator

import app as flask_notes
import echo
import hello
import hints
import streaming
import upload
from guestbook_site import wsgi as django_guestbook

warnings.simplefilter("error", WSGIWarning)

EXAMPLES = {
    "hello": validator(hello.application),
    "echo": validator(echo.application),
    "hints": validator(hints.application),
    "streaming": validator(streaming.application),
    "upload": validator(upload.application),
    "flask": validator(flask_notes.create_app()),
    "django": validator(django_guestbook.application),
}


def application(environ, start_response):
    """Hand over to the example that the path names."""
    return EXAMPLES[shift_path_info(environ)](environ, start_response)
