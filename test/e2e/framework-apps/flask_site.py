"""Flask's answers to what HTTP has beyond pages: streams, uploads, files, ranges, conditions, cookies."""

import hashlib
import io
import os
from datetime import UTC, datetime

import flask

LINES = b"".join(b"%07d\n" % number for number in range(131_072))
MODIFIED = datetime(2000, 1, 1, tzinfo=UTC)
FILE = "/tmp/flask-lines.txt"

app = application = flask.Flask(__name__)
app.secret_key = "for tests"


def digest(stream):
    """Length and SHA-256 of what a stream gives, read in pieces."""
    hashed, length = hashlib.sha256(), 0
    while piece := stream.read(65_536):
        hashed.update(piece)
        length += len(piece)
    return [length, hashed.hexdigest()]


@app.get("/stream")
def stream():
    """The request is still there while the response streams."""

    def lines():
        for number in range(int(flask.request.args["lines"])):
            yield f"{flask.request.method} {number}\n"

    return flask.Response(flask.stream_with_context(lines()), mimetype="text/plain")


@app.post("/upload")
def upload():
    files = {
        name: [file.filename, *digest(file.stream)] for name, file in flask.request.files.items()
    }
    return {"fields": flask.request.form.to_dict(), "files": files}


@app.put("/raw")
def raw():
    return {"body": digest(flask.request.stream), "announced": flask.request.content_length}


@app.get("/file")
def file():
    if not os.path.exists(FILE):
        with open(FILE, "wb") as made:
            made.write(LINES)
        os.utime(FILE, (MODIFIED.timestamp(),) * 2)
    return flask.send_file(FILE)


@app.get("/download")
def download():
    return flask.send_file(io.BytesIO(LINES), as_attachment=True, download_name="lïnes.bin")


@app.get("/page")
def page():
    response = flask.make_response("a page")
    response.add_etag()
    response.last_modified = MODIFIED
    return response.make_conditional(flask.request)


@app.get("/cookies")
def cookies():
    response = flask.make_response(flask.request.cookies)
    response.set_cookie("one", "1", max_age=60, httponly=True)
    response.set_cookie("two", "2 zwei", samesite="Lax")
    response.delete_cookie("old")
    flask.session["visits"] = flask.session.get("visits", 0) + 1
    response.headers["X-Visits"] = flask.session["visits"]
    return response


@app.get("/redirect")
def redirect():
    return flask.redirect(flask.url_for("page", of="x y"))


@app.post("/redirect")
def redirect_upload():
    return flask.redirect("/upload", 307)


@app.get("/folder/")
def folder():
    return "a folder"
