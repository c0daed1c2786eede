"""What only the guest can show: suspending, the loop, the library as it is there."""

import asyncio
import datetime
import fcntl
import hashlib
import json
import os
import sys
import time
import zoneinfo
from typing import Any


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer with what the function named by the path returns, as JSON."""
    result = globals()[environ["PATH_INFO"].strip("/")](environ)
    start_response("200 OK", [("Content-Type", "application/json")])
    if hasattr(result, "__next__"):
        return result
    return [json.dumps(result).encode()]


def running_loop(environ: dict[str, Any]) -> str:
    """What synchronous code sees of event loops."""
    try:
        return repr(asyncio.get_running_loop())
    except RuntimeError as error:
        return str(error)


def length(environ: dict[str, Any]) -> int:
    """How long the body is."""
    return len(environ["wsgi.input"].read())


def sleepy_chunks(environ: dict[str, Any]) -> Any:
    """Chunks with pauses between them."""
    for number in range(3):
        time.sleep(0.001)
        yield b"%d" % number


async def _in_coroutines(environ: dict[str, Any]) -> list[Any]:
    time.sleep(0.001)
    together = await asyncio.gather(asyncio.sleep(0.002, 1), asyncio.sleep(0.001, 2))
    body = environ["wsgi.input"].read(3).decode()
    inline = await asyncio.to_thread(lambda: asyncio.run(asyncio.sleep(0.001, "nested")))
    try:
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()
    except TimeoutError:
        return [*together, body, inline, "timeout"]
    return []


def coroutines(environ: dict[str, Any]) -> list[Any]:
    """Everything that suspends, from inside a coroutine, twice."""
    return asyncio.run(_in_coroutines(environ)) + asyncio.run(_in_coroutines(environ))


def loop_of_old(environ: dict[str, Any]) -> int:
    """The way of programs that are older than asyncio.run."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return asyncio.get_event_loop().run_until_complete(asyncio.sleep(0.001, 7))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def keys(environ: dict[str, Any]) -> list[str]:
    """RFC 6070 and RFC 7914 test vectors, in the words of PBKDF2 with SHA-256 and scrypt."""
    return [
        hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2).hex(),
        hashlib.scrypt(b"", salt=b"", n=16, r=1, p=1, dklen=16).hex(),
    ]


def unknown_digest(environ: dict[str, Any]) -> str:
    """What a digest that nobody knows leads to."""
    try:
        hashlib.pbkdf2_hmac("nonsense", b"", b"", 1, 8)
    except ValueError as error:
        return str(error)
    return ""


def zones(environ: dict[str, Any]) -> list[Any]:
    """Time zones on a host that has none."""
    noon = datetime.datetime(2026, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Prague"))
    return [zoneinfo.ZoneInfo("UTC").key, str(noon), len(zoneinfo.available_timezones()) > 590]


def flock(environ: dict[str, Any]) -> list[str]:
    """A lock that is free, and one that is not."""
    with open("/tmp/lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            return ["free", type(error).__name__]
    return []


def process(environ: dict[str, Any]) -> list[Any]:
    """What the process was given."""
    print("to the log")
    print("problem", file=sys.stderr)
    return [dict(os.environ), sys.path[0], sys.argv, environ["wsgi.multiprocess"], sys.stdin.read()]
