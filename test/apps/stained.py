"""Leaves something behind in every way there is. `/look` tells all that can be seen of it."""

import asyncio
import builtins
import hashlib
import json
import os
import shutil
import signal
import stat
import sys
import time

COUNTER = [0]
FILES = []
CLASSES = {}

os.makedirs("/tmp/base/inner")
for path, text in (("/tmp/base/a", "a"), ("/tmp/base/inner/b", "b"), ("/tmp/base/c", "c" * 5000)):
    with open(path, "w") as written:
        written.write(text)
os.symlink("a", "/tmp/base/link")
PLAIN = os.environ.get("PLAIN")


def tree():
    """Every path of the file system in memory, with all that is known of it."""
    found = []
    for folder, folders, names in os.walk("/tmp"):
        for name in sorted([*folders, *names]):
            path = os.path.join(folder, name)
            info = os.lstat(path)
            content = ""
            if stat.S_ISLNK(info.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.sha256(file.read()).hexdigest()
            found.append([path, stat.filemode(info.st_mode), info.st_mtime, info.st_size, content])
    return sorted(found)


def descriptors():
    """Numbers of all that is open."""
    found = []
    for fd in range(64):
        try:
            os.fstat(fd)
        except OSError:
            continue
        found.append(fd)
    return found


def look():
    """All that a request can leave to the next."""
    return {
        "counter": COUNTER[0],
        "files": len(FILES),
        "classes": sorted(CLASSES),
        "globals": sorted(name for name in globals() if name.startswith("left")),
        "environ": sorted(os.environ.items()),
        "modules": len(sys.modules),
        "argv": sys.argv,
        "path": sys.path,
        "tree": tree(),
        "folder": os.getcwd(),
        "descriptors": descriptors(),
        "ascii": ascii(1),
        "builtins": len(vars(builtins)),
        "umask": umask(),
        "handlers": [str(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)],
        "recursion": sys.getrecursionlimit(),
    }


def umask():
    """Which one it is; asking sets it."""
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


def stain_globals():
    """Variables of this module and of others."""
    global left_behind
    left_behind = 1
    COUNTER[0] = 100
    CLASSES["x"] = type("Left", (), {})
    sys.setrecursionlimit(500)
    sys.argv.append("left")
    sys.path.insert(0, "/tmp")


def stain_environ():
    """Variables of the environment: new, changed, deleted."""
    os.environ["LEFT"] = "1"
    os.environ["PLAIN"] = "changed"
    del os.environ["OTHER"]
    os.putenv("LEFT_TOO", "1")


def stain_modules():
    """Imported, replaced, removed."""
    import wave  # noqa: F401

    sys.modules["left"] = sys
    del sys.modules["shutil"]
    json.dumps = None


def stain_created():
    """New files and folders."""
    os.makedirs("/tmp/new/folder")
    with open("/tmp/new/folder/file", "w") as file:
        file.write("x" * 100_000)
    with open("/tmp/base/inner/new", "w") as file:
        file.write("new")
    os.symlink("/tmp/new", "/tmp/base/inner/newlink")


def stain_changed():
    """Captured files written, appended to, cut."""
    with open("/tmp/base/a", "w") as file:
        file.write("changed")
    with open("/tmp/base/inner/b", "ab") as file:
        file.write(b"more")
    os.truncate("/tmp/base/c", 10)
    os.utime("/tmp/base/c", (1, 1))


def stain_deleted():
    """A captured folder, and all of it."""
    shutil.rmtree("/tmp/base")


def stain_chmod():
    """Other modes."""
    os.chmod("/tmp/base/a", 0o000)
    os.chmod("/tmp/base/inner", 0o700)


def stain_renamed():
    """Captured files under other names, and in other places' stead."""
    os.rename("/tmp/base/a", "/tmp/base/inner/moved")
    os.rename("/tmp/base/inner", "/tmp/elsewhere")
    os.replace("/tmp/base/c", "/tmp/base/link")
    os.mkdir("/tmp/base/a")


def stain_folder():
    """Another current folder, which the next request has not."""
    os.mkdir("/tmp/going")
    os.chdir("/tmp/going")
    os.umask(0o77)


def stain_descriptors():
    """Open files of all kinds."""
    FILES.append(open("/tmp/open", "w"))
    FILES.append(open("/tmp/base/a"))
    FILES.append(open("/data/open", "a+"))
    FILES.append(open(__file__, "rb"))
    os.pipe()
    os.dup2(0, 40)


def stain_builtins():
    """What every module uses."""
    builtins.ascii = lambda _: 7
    builtins.left = 1
    time.sleep = lambda _: None


def stain_signals():
    """Handlers for what a host might send."""
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def stain_timers():
    """A timer and a task of the host's loop, and a thread of control that never ends."""
    from pyodide.webloop import WebLoop

    loop = WebLoop()
    loop.call_later(0.02, late)
    loop.create_task(later())
    COUNTER[0] = 100


def late():
    """Would run in the middle of the next request."""
    print("a timer of another request has fired")
    COUNTER[0] = -1000


async def later():
    """Would run in the middle of the next request."""
    await asyncio.sleep(0.02)
    late()


def stain_objects():
    """Objects of JavaScript's, hidden in modules."""
    from pyodide.ffi import create_proxy, to_js

    sys.left = [to_js([1]), create_proxy(late), create_proxy(later)]


def stain_memory():
    """A lot of memory."""
    COUNTER.append(bytearray(20_000_000))


def stain_suspended():
    """A callback of the host's loop that sleeps while this request ends."""
    from pyodide.webloop import WebLoop

    WebLoop().call_later(0.001, sleep_long)
    while not CLASSES:
        time.sleep(0.01)


def sleep_long():
    """Still asleep when the request has ended."""
    CLASSES["asleep"] = True
    time.sleep(60)


def stain_output():
    """Another file as standard output."""
    fd = os.open("/tmp/output", os.O_WRONLY | os.O_CREAT)
    os.dup2(fd, 1)


STAINS = {name[6:]: value for name, value in globals().items() if name.startswith("stain_")}


def application(environ, start_response):
    """`/look`, `/stain/...` or a kind of response; each request counts."""
    COUNTER[0] += 1
    kind, _, name = environ["PATH_INFO"][1:].partition("/")
    if kind == "look":
        time.sleep(float(name or 0))
        return reply(start_response, json.dumps(look()))
    if kind == "stain":
        STAINS[name]()
        # By its own means: the stain may have spoiled the usual ones.
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"stained\n"]
    return RESPONSES[kind](environ, start_response)


def reply(start_response, text):
    """A text."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [text.encode()]


def streamed(environ, start_response):
    """A response in many pieces, the first of which tells the counter."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Counter", str(COUNTER[0]))])
    FILES.append(open("/tmp/streamed", "w"))
    for _ in range(40):
        COUNTER[0] += 1
        yield b"x" * 65536


def uploaded(environ, start_response):
    """The hash of what was sent, and the counter."""
    digest = hashlib.sha256()
    while piece := environ["wsgi.input"].read(65536):
        digest.update(piece)
        FILES.append(piece)
    return reply(start_response, json.dumps([digest.hexdigest(), COUNTER[0]]))


def ignored(environ, start_response):
    """Reads nothing of what was sent."""
    return reply(start_response, json.dumps(COUNTER[0]))


def failing(environ, start_response):
    """Fails with its count."""
    stain_globals()
    stain_created()
    raise RuntimeError("as asked")


def counting(environ, start_response):
    """The counter, and which worker has it."""
    time.sleep(0.001)
    return reply(start_response, json.dumps([environ["wasgi.worker"], COUNTER[0]]))


RESPONSES = {
    "streamed": streamed,
    "uploaded": uploaded,
    "ignored": ignored,
    "failing": failing,
    "counting": counting,
}
