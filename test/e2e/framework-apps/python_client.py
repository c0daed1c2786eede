"""Python's own HTTP client against the server that the command line names; prints what it saw as JSON."""

import http.client
import json
import socket
import sys

PIECES = [b"first ", b"second ", b"third"]
host, port = sys.argv[1], int(sys.argv[2])
seen = {}


def connection():
    """A connection that raises rather than waits."""
    return http.client.HTTPConnection(host, port, timeout=60)


def fetch(client, method, path, body=None, headers=None, **more):
    """One exchange on `client`; the socket tells whether it is still the same connection."""
    client.request(method, path, body, headers or {}, **more)
    response = client.getresponse()
    text = response.read().decode()
    return response.status, text, response.headers


client = connection()
texts, sockets = [], set()
for number in range(5):
    texts.append(fetch(client, "GET", f"/number?{number}")[1])
    sockets.add(client.sock.getsockname())
seen["kept alive"] = [texts, len(sockets)]

status, text, _ = fetch(client, "POST", "/echo", iter(PIECES), encode_chunked=True)
seen["chunked upload"] = [status, json.loads(text)]

status, text, headers = fetch(client, "HEAD", "/large")
seen["head"] = [status, text, headers["Content-Length"]]
tag = headers["ETag"]
status, text, headers = fetch(client, "GET", "/large", headers={"If-None-Match": tag})
seen["not modified"] = [status, text, headers["ETag"], headers["Content-Type"]]
seen["after both"] = fetch(client, "GET", "/number?after")[:2]

status, text, headers = fetch(client, "GET", "/stream?1000")
seen["stream"] = [status, len(text.splitlines()), headers["Transfer-Encoding"]]

# Whether the server keeps the connection or says that it closes it, what follows is an answer of
# its own: http.client opens a new connection when it was told.
unread = []
for size in (10, 40_000):
    unread.append(fetch(client, "POST", "/unread", b"GET /echo HTTP/1.1\r\n\r\n" * size)[:2])
    unread.append(fetch(client, "GET", f"/number?{size}")[:2])
seen["unread"] = unread
client.close()

# Two requests in one segment, the first with a body that nobody reads.
with socket.create_connection((host, port), timeout=60) as raw:
    body = b"GET /number?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    first = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
    raw.sendall(first + body + b"GET /number?next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answers = b"".join(iter(lambda: raw.recv(65_536), b"")).decode()
ok = answers.count("HTTP/1.1 200 OK")
seen["pipelined"] = [ok, answers.rpartition("\r\n\r\n")[2], "smuggled" in answers]

old = connection()
old._http_vsn, old._http_vsn_str = 10, "HTTP/1.0"
status, text, headers = fetch(old, "GET", "/stream?100")
seen["1.0"] = [status, len(text.splitlines()), headers["Transfer-Encoding"]]
old.close()

print(json.dumps(seen))
