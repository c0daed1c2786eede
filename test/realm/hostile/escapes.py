"""The published ways out of Pyodide, and those that were measured to work on a plain one. Each raises
what stops it, or returns what it got hold of.
"""

import ctypes
import gc
import importlib
import os
import posix
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from typing import Any

import pyodide_js  # pyright: ignore[reportMissingImports]
from _pyodide_core import js2py_default  # pyright: ignore[reportMissingImports]
from pyodide.code import run_js  # pyright: ignore[reportMissingImports]
from pyodide.ffi import (  # pyright: ignore[reportMissingImports]
    JsException,
    JsProxy,
    create_proxy,
    run_sync,
    to_js,
)
from wasgi.boundary import _Answer  # pyright: ignore[reportMissingImports, reportPrivateUsage]


class _Unconverted:
    """An annotation: leave what a function returns as it is."""

    js2py = js2py_default


def _unwrapped(*_args: Any) -> _Unconverted: ...  # pyright: ignore[reportReturnType]


def _raw(function: Any, *args: Any) -> Any:
    """Call a function of JavaScript; a promise it gives stays a promise."""
    return function.bind_sig(_unwrapped)(*args)


def _wait(promise: Any) -> Any:
    """Wait for a promise as the gateway does: without an event loop."""
    answer = _Answer()
    promise.then(answer.settle, answer.fail)
    return run_sync(answer)


def answer() -> int:
    """Show that Python still works."""
    return sum(range(4)) * 7


def names_of_js() -> list[str]:
    """What `import js` offers."""
    import js  # pyright: ignore[reportMissingImports]

    return [name for name in dir(js) if not name.startswith("_")]


def from_js(name: str) -> str:
    """`from js import process`, and the like."""
    return repr(getattr(importlib.import_module("js"), name))


def eval_js(code: str) -> str:
    """`run_js`, which is JavaScript's eval."""
    return repr(run_js(code))


def constructor_chains(code: str) -> list[str]:
    """`x.constructor.constructor(code)()` for every JavaScript object that Python can find. Gives
    each different way in which it ended."""
    found: list[Any] = [pyodide_js, pyodide_js._api, pyodide_js._api.config, pyodide_js.FS]
    for holder in list(found):
        found += [value for value in map(lambda name: _attribute(holder, name), dir(holder))]
    found += [item for item in gc.get_objects() if isinstance(item, JsProxy)]
    found += [to_js([1]), to_js(b"1"), to_js({"a": 1}), create_proxy(answer)]
    ends: set[str] = set()
    for item in found:
        for names in (("constructor",), ("constructor", "constructor")):
            ends.add(_call(item, names, code))
    return sorted(ends)


def _attribute(holder: Any, name: str) -> Any:
    try:
        return getattr(holder, name)
    except Exception:
        return None


def _call(item: Any, names: tuple[str, ...], code: str) -> str:
    if not isinstance(item, JsProxy):
        return "not JavaScript"
    try:
        for name in names:
            item = getattr(item, name)
        if item.name != "Function":
            return "not Function"
        return f"ESCAPED: {item(code)()}"
    except Exception as error:
        text = str(error)
        return "EvalError" if "Code generation" in text else type(error).__name__


def named_leaks() -> list[str]:
    """The leaks that earlier walls had: functions of the host in the configuration and in devices."""
    config = pyodide_js._api.config
    leaks = [config.stdout, config.stderr, config.stdin, config.createPyodideModule]
    for fd in range(3):
        stream = pyodide_js.FS.streams[fd]
        leaks += [_attribute(stream.stream_ops, name) for name in ("read", "write", "open")]
        tty = _attribute(stream, "tty")
        leaks.append(_attribute(_attribute(tty, "ops"), "put_char"))
        leaks.append(_attribute(_attribute(stream, "devops"), "out"))
    return sorted({_call(leak, ("constructor",), "return process") for leak in leaks if leak})


def mount_host(path: str) -> list[str]:
    """`pyodide.mountNodeFS`, which shows a host folder."""
    os.makedirs("/tmp/mnt", exist_ok=True)
    pyodide_js.mountNodeFS("/tmp/mnt", path)
    return os.listdir("/tmp/mnt")


def mount_type(name: str, path: str) -> list[str]:
    """Emscripten's other file systems, mounted by hand."""
    filesystem = pyodide_js.FS
    os.makedirs("/tmp/typed", exist_ok=True)
    kind = getattr(filesystem.filesystems, name)
    filesystem.mount(kind, to_js({"root": path, "fs": filesystem}), "/tmp/typed")
    return os.listdir("/tmp/typed")


def lazy_file(url: str) -> str:
    """`FS.createLazyFile`, which fetches when it is read."""
    pyodide_js.FS.createLazyFile("/tmp", "lazy", url, True, False)
    with open("/tmp/lazy") as file:
        return file.read()


def preloaded_file(url: str) -> str:
    """`FS.createPreloadedFile`, which fetches at once."""
    pyodide_js.FS.createPreloadedFile("/tmp", "preloaded", url, True, False)
    with open("/tmp/preloaded") as file:
        return file.read()


def load_binary(url: str) -> list[int]:
    """`pyodide_js._api.loadBinaryFile`; in plain Pyodide it reads any host file."""
    return list(_wait(_raw(pyodide_js._api.loadBinaryFile, url)).to_py())


def load_package(name: str) -> str:
    """`pyodide.loadPackage`, by name or address."""
    _wait(_raw(pyodide_js.loadPackage, name))
    return importlib.import_module(name.partition(".")[0].rpartition("/")[2]).__name__


def node_sockets(port: int) -> str:
    """`pyodide.useNodeSockFS`, which connects with Node's own sockets."""
    _wait(_raw(pyodide_js.useNodeSockFS))
    return connect("127.0.0.1", port)


def read(path: str) -> str:
    """A host file by its path."""
    with open(path) as file:
        return file.read()


def listing(path: str) -> list[str]:
    """A folder."""
    return sorted(os.listdir(path))


def link_and_read(target: str, link: str) -> str:
    """A symbolic link of the guest's own making."""
    os.symlink(target, link)
    return read(link)


def environment() -> dict[str, str]:
    """All of the environment, as Python, libc and Emscripten have it."""
    names = {str(name): str(value) for name, value in os.environ.items()}
    return names | {
        f"ENV {name}": "?"
        for name in dir(_attribute(pyodide_js._module, "ENV") or ())
        if name.isupper()
    }


def system(command: str) -> int:
    """`os.system` and what is under it; 0 would mean that it ran."""
    for call in (os.system, posix.system, lambda text: _libc().system(text.encode())):
        try:
            if call(command) == 0:
                return 0
        except Exception:
            pass
    return 1


def processes(program: str) -> list[str]:
    """Every other way to start a program, down to libc. Gives those that did not fail."""
    ways: dict[str, Callable[[], object]] = {
        "popen": lambda: os.popen(program).read(),
        "run": lambda: subprocess.run([program], check=True),
        "execv": lambda: posix.execv(program, [program]),
        "fork": posix.fork,
        "libc fork": lambda: _positive(_libc().fork()),
        "libc vfork": lambda: _positive(_libc().vfork()),
        "libc execve": lambda: _positive(_libc().execve(program.encode(), None, None) + 1),
        "libc popen": lambda: _positive(_libc().popen(program.encode(), b"r")),
        "libc posix_spawn": lambda: _positive(
            1 - abs(_libc().posix_spawn(None, program.encode(), None, None, None, None))
        ),
    }
    worked: list[str] = []
    for name, way in ways.items():
        try:
            way()
        except Exception:
            continue
        worked.append(name)
    return worked


def _libc() -> Any:
    return ctypes.CDLL(None)


def _positive(number: int) -> None:
    if number <= 0:
        raise OSError(number)


def run_script(code: str) -> None:
    """Emscripten's own way to run JavaScript."""
    _libc().emscripten_run_script(code.encode())


def connect(host: str, port: int) -> str:
    """A plain socket."""
    with socket.create_connection((host, port), timeout=2) as connection:
        connection.sendall(b"escaped")
        return "connected"


def connect_libc(port: int) -> int:
    """A socket made and connected through libc; 0 would mean that it is."""
    address = bytes([2, 0, port >> 8, port & 255, 127, 0, 0, 1]) + bytes(8)
    return _libc().connect(_libc().socket(2, 1, 0), address, len(address))


def fetch(url: str) -> str:
    """`urllib`, over a plain socket."""
    with urllib.request.urlopen(url, timeout=2) as reply:
        return reply.read().decode()


def open_url(url: str) -> str:
    """Pyodide's synchronous fetch, over XMLHttpRequest."""
    from pyodide.http import open_url as opener  # pyright: ignore[reportMissingImports]

    return opener(url).read()


def pyfetch(url: str) -> str:
    """Pyodide's own fetch."""
    from pyodide.ffi import run_sync  # pyright: ignore[reportMissingImports]
    from pyodide.http import pyfetch as fetcher  # pyright: ignore[reportMissingImports]

    return run_sync(fetcher(url)).status


def thread() -> str:
    """A thread of the host."""
    import _thread

    return str(_thread.start_new_thread(answer, ()))


def grow_memory(total: int) -> list[int]:
    """Grow wasm memory through everything that can: Emscripten's and the memory's own way."""
    module = pyodide_js._module
    before = module.HEAP8.length
    for call in (lambda: module.growMemory(total), lambda: _memory().grow(total // 65536)):
        try:
            call()
        except Exception:
            pass
    return [before, module.HEAP8.length, module.HEAP8.buffer.byteLength]


def _memory() -> Any:
    exports = pyodide_js._module.wasmExports
    return exports.memory


def fill_memory(total: int) -> str:
    """Allocate until there is no more. Python itself must live on."""
    held: list[bytearray] = []
    try:
        while len(held) * 8 < total >> 20:
            held.append(bytearray(8 << 20))
    except MemoryError:
        return f"MemoryError after {len(held) * 8} MiB"
    return f"{len(held) * 8} MiB"


def unset_interrupts() -> str:
    """`setInterruptBuffer`, in place of whatever the server would have set."""
    return str(pyodide_js.setInterruptBuffer(to_js(bytes(8))))


def call_back() -> list[str]:
    """From Python into JavaScript into Python until the stack ends, with a call of the host at each
    level on the way up. Gives the kinds of errors seen, and what their constructors made of code."""
    import _wasgi_host  # pyright: ignore[reportMissingImports]

    depth = 0
    ends: set[str] = set()

    def again(*_args: Any) -> None:
        nonlocal depth
        depth += 1
        try:
            to_js([1]).forEach(proxy)
        except BaseException as error:
            ends.add(type(error).__name__)
        for call in (_wasgi_host.wake, lambda: _wasgi_host.log(30, "stdout", "deep")):
            try:
                call()
            except JsException as error:
                ends.add(_call(error.js_error, ("constructor", "constructor"), "return process"))
            except BaseException as error:
                ends.add(type(error).__name__)

    proxy = create_proxy(again)
    again()
    return [f"{depth > 50}", *sorted(ends)]
