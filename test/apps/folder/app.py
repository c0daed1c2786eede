"""The application of a folder, under the third of the usual names."""

import json


def create_app():
    """The factory that Flask's documentation names so."""

    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"callable": "folder/app.py:create_app()"}).encode()]

    return answer
