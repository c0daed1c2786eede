"""What HTTP's clients come for: echoes, files with ranges and validators, streams, compression."""

import gzip
import hashlib
import json
import re

LARGE = b"".join(b"%07d\n" % number for number in range(131_072))
ETAG = '"parrot-1"'
MODIFIED = "Sat, 01 Jan 2000 00:00:00 GMT"


def application(environ, start_response):
    """Answer with the function that the path names."""
    name = environ["PATH_INFO"].strip("/")
    return ANSWERS[name](environ, start_response)


def echo(environ, start_response):
    """What came of the request, as JSON; the body as its length and digest."""
    digest, length = hashlib.sha256(), 0
    while piece := environ["wsgi.input"].read(65_536):
        digest.update(piece)
        length += len(piece)
    seen = {
        "method": environ["REQUEST_METHOD"],
        "protocol": environ["SERVER_PROTOCOL"],
        "scheme": environ["wsgi.url_scheme"],
        "query": environ["QUERY_STRING"],
        "announced": environ.get("CONTENT_LENGTH"),
        "expect": environ.get("HTTP_EXPECT"),
        "length": length,
        "sha256": digest.hexdigest(),
    }
    return whole(start_response, json.dumps(seen).encode(), ("Content-Type", "application/json"))


def number(environ, start_response):
    """The query, to tell answers apart."""
    return whole(start_response, environ["QUERY_STRING"].encode())


def unread(environ, start_response):
    """The body is left where it is."""
    return whole(start_response, b"not read")


def large(environ, start_response):
    """A mebibyte of numbered lines, whole or in part, or word that the client has it already."""
    validators = [("ETag", ETAG), ("Last-Modified", MODIFIED), ("Accept-Ranges", "bytes")]
    if environ.get("HTTP_IF_NONE_MATCH") == ETAG:
        start_response("304 Not Modified", validators)
        return []
    span = re.fullmatch(r"bytes=(\d*)-(\d*)", environ.get("HTTP_RANGE", ""))
    if span is None:
        return whole(start_response, LARGE, *validators)
    first, last = span.groups()
    start = int(first) if first else len(LARGE) - int(last)
    stop = min(int(last) + 1, len(LARGE)) if first and last else len(LARGE)
    if start >= len(LARGE):
        start_response(
            "416 Range Not Satisfiable",
            [("Content-Range", f"bytes */{len(LARGE)}"), ("Content-Length", "0")],
        )
        return []
    where = ("Content-Range", f"bytes {start}-{stop - 1}/{len(LARGE)}")
    return whole(
        start_response, LARGE[start:stop], where, *validators, status="206 Partial Content"
    )


def packed(environ, start_response):
    """Compressed for those who ask for it."""
    if "gzip" not in environ.get("HTTP_ACCEPT_ENCODING", ""):
        return whole(start_response, LARGE, ("Vary", "Accept-Encoding"))
    fields = [("Vary", "Accept-Encoding"), ("Content-Encoding", "gzip")]
    return whole(start_response, gzip.compress(LARGE, mtime=0), *fields)


def stream(environ, start_response):
    """As many lines as the query says, one at a time, of a length that nobody is told."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (b"line %d\n" % line for line in range(int(environ["QUERY_STRING"])))


def endless(environ, start_response):
    """Lines without end, until the client has enough."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Endless(environ["QUERY_STRING"])


class Endless:
    """Says on the log when it is closed."""

    def __init__(self, name):
        self.name = name

    def __iter__(self):
        return self

    def __next__(self):
        return b"and so on " * 400

    def close(self):
        print(f"closed {self.name}")


def whole(start_response, body, *fields, status="200 OK"):
    """A response of one piece, with its length."""
    start_response(status, [("Content-Length", str(len(body))), *fields])
    return [body]


ANSWERS = {
    answer.__name__: answer for answer in (echo, number, unread, large, packed, stream, endless)
}
