"""Finds the application: imports its module and picks, or makes, the WSGI callable."""

import importlib.machinery
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Final

from .by_name import ByName
from .script_reload import Consulted, consulted
from .tracebacks import headline, text_of

APPLICATION_ROOT: Final = "/app"
_APPLICATION_ROOTS: Final = re.compile(r"(/app\d*)/")
# Tried in this order when the target names none; the last two are factories.
_USUAL_NAMES: Final = (('application', False), ('app', False), ('create_app', True),
                       ('make_app', True))  # fmt: skip


@dataclass(frozen=True)
class Target:
    """What the operator asked for, in guest paths."""

    target: str
    file: str | None
    module: str | None
    callable: str | None
    call: bool
    hooks: Sequence[dict[str, Any]] = ()
    """Scripts of hooks instead of an application; see hook_scripts.py."""
    dispatched: bool = False
    """Whether a dispatch script may choose another callable of the module."""
    consulted: bool = False
    """Whether the script's `reload_required` is asked before each request."""
    root: str = APPLICATION_ROOT
    """The folder that is shown for it. Applications of one interpreter may have several."""


@dataclass(frozen=True)
class Found:
    """An application and how it was reached, as in `app.py:create_app()`."""

    application: Callable[..., Any]
    label: str
    consulted: Consulted | None = None
    """The same behind `reload_required`, if the script has that."""


class LoadError(Exception):
    """Why there is no application: a row of the host's error table and its arguments."""

    def __init__(self, code: str, args: list[str], traceback: str = "") -> None:
        super().__init__(code, *args)
        self.code = code
        self.arguments = args
        self.traceback = traceback


def load(target: Target) -> Found:
    """Import the target's module and return its callable; LoadError says why not."""
    try:
        module = _import(target)
    except LoadError:
        raise
    except BaseException as error:
        raise import_failure(target, error) from None
    found = _pick(target, module)
    if target.dispatched:
        found = Found(ByName(found.application, module), found.label)
    if not target.consulted:
        return found
    resource = target.file or module.__file__ or ""
    return replace(found, consulted=consulted(module, resource))


def _import(target: Target) -> ModuleType:
    if target.file is not None and not os.path.isfile(target.file):
        raise LoadError("WASGI_ERR_APP_NOT_FOUND", [target.target, f"{target.file} is not a file"])
    if target.module is not None:
        put_first(_folder_of(target))
        return _own(target, _import_module(target.module))
    if target.file is None:
        raise LoadError(
            "WASGI_ERR_APP_NOT_FOUND", [target.target, "it names no file and no module"]
        )
    folder, name = os.path.split(target.file)
    put_first(folder)
    stem = name.removesuffix(".py")
    if name.endswith(".py") and _imports_from(stem, target.file):
        return _import_module(stem)
    return _import_file(target.file, _free_name(stem, target.file))


def _free_name(stem: str, file: str) -> str:
    """A name for a file that its own name cannot import, and that no other file goes by."""
    name = "_wasgi_" + "".join(c if c.isalnum() else "_" for c in stem)
    while name in sys.modules and getattr(sys.modules[name], "__file__", None) != file:
        name += "_"
    return name


def _folder_of(target: Target) -> str:
    """The folder that the module's outermost package lies in."""
    if target.file is None or target.module is None:
        return target.root
    folder, name = os.path.split(target.file)
    for _ in range(target.module.count(".") + (name == "__init__.py")):
        folder = os.path.dirname(folder)
    return folder


def _own(target: Target, module: ModuleType) -> ModuleType:
    """The module, unless it is one of that name that another application of the interpreter has."""
    origin = getattr(module, "__file__", None) or ""
    root = _APPLICATION_ROOTS.match(origin)
    if root is not None and root[1] != target.root:
        raise LoadError(
            "WASGI_ERR_APP_NOT_FOUND",
            [
                target.target,
                f"in its application group the module {module.__name__} is {origin} already, of "
                "another application. Give it an application_group of its own, or another name",
            ],
        )
    return module


def put_first(folder: str) -> None:
    """Import from this folder before all others."""
    if folder in sys.path:
        sys.path.remove(folder)
    sys.path.insert(0, folder)


def _imports_from(name: str, file: str) -> bool:
    """Whether `import name` would give this file, and not a package beside it, or a module of the
    standard library that happens to have its name."""
    try:
        spec = importlib.util.find_spec(name) if name.isidentifier() else None
    except ValueError:
        return False
    return spec is not None and spec.origin == file


def _import_module(name: str) -> ModuleType:
    # importlib.import_module would put a frame of its own into every traceback.
    __import__(name)
    return sys.modules[name]


def _import_file(file: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        loader = importlib.machinery.SourceFileLoader(name, file)
        spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def import_failure(target: Target, error: BaseException) -> LoadError:
    """What the host is told of a module that could not be imported."""
    if isinstance(error, SyntaxError) and error.filename and os.path.isfile(error.filename):
        reason = f"{error.msg} (line {error.lineno})" if error.lineno else str(error.msg)
        subject = target.target if error.filename == target.file else error.filename
        return LoadError("WASGI_ERR_APP_SYNTAX", [subject, reason], text_of(error))
    if isinstance(error, ModuleNotFoundError) and target.module is not None:
        missing = error.name or ""
        # The target itself is missing, not something that it imports.
        if target.module == missing or target.module.startswith(f"{missing}."):
            reason = f"no module {missing} in the application or its packages"
            return LoadError("WASGI_ERR_APP_NOT_FOUND", [target.target, reason])
    return LoadError("WASGI_ERR_APP_IMPORT", [target.target, headline(error)], text_of(error))


def _pick(target: Target, module: ModuleType) -> Found:
    if target.callable is not None:
        value = _attribute(target, module, target.callable)
        if target.call:
            return _made(target, value, target.callable)
        return _checked(target, value, target.callable)
    asynchronous = ""
    for name, is_factory in _USUAL_NAMES:
        value = getattr(module, name, None)
        if not callable(value):
            continue
        if _is_asgi(value):
            asynchronous = asynchronous or name
        elif is_factory:
            return _made(target, value, name)
        else:
            return Found(value, f"{_subject(target)}:{name}")
    if asynchronous:
        raise no_callable(target, _asgi(asynchronous))
    tried = "it defines none of application, app, create_app() and make_app()"
    raise no_callable(target, tried + _suggestion(module))


def _attribute(target: Target, module: ModuleType, path: str) -> Any:
    value: Any = module
    for name in path.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            reason = f"it defines no {path}{_suggestion(module)}"
            raise no_callable(target, reason) from None
    return value


def _made(target: Target, factory: Any, name: str) -> Found:
    """Call a factory. What it raises is a failed import, with its own traceback."""
    if not callable(factory):
        raise no_callable(target, f"{name} is {_kind(factory)}, which cannot be called")
    try:
        application = factory()
    except BaseException as error:
        raise LoadError(
            "WASGI_ERR_APP_IMPORT", [target.target, headline(error)], text_of(error)
        ) from None
    return _checked(target, application, f"{name}()")


def _checked(target: Target, value: Any, name: str) -> Found:
    if not callable(value):
        raise no_callable(target, f"{name} is {_kind(value)}, which cannot be called")
    if _is_asgi(value):
        raise no_callable(target, _asgi(name))
    return Found(value, f"{_subject(target)}:{name}")


def no_callable(target: Target, reason: str) -> LoadError:
    """What the host is told of a module that lacks what is wanted."""
    subject = _subject(target)
    return LoadError("WASGI_ERR_APP_CALLABLE", [subject, reason, subject])


def _subject(target: Target) -> str:
    """The target without its callable."""
    if target.callable is None:
        return target.target
    return target.target.rpartition(":")[0] or target.target


def _is_asgi(value: Any) -> bool:
    call = getattr(value, "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(call)


def _asgi(name: str) -> str:
    return f"{name} is asynchronous, so it is an ASGI application; wasgi serves WSGI"


def _kind(value: Any) -> str:
    return "None" if value is None else f"of type {type(value).__name__}"


def _suggestion(module: ModuleType) -> str:
    names = list(_likely(module))
    if not names:
        return ", and nothing else in it looks like one"
    return ", but " + ", ".join(names[:8]) + (" look" if len(names) > 1 else " looks") + " callable"


def _likely(module: ModuleType) -> Iterator[str]:
    """Callables made by the module itself: its functions, classes, and objects of any class."""
    for name, value in vars(module).items():
        if name.startswith("_") or not callable(value):
            continue
        if inspect.isroutine(value) or inspect.isclass(value):
            if getattr(value, "__module__", None) == module.__name__:
                yield name
        elif not inspect.ismodule(value):
            yield name
