"""Runs an action on a module right after its first import, wherever the module comes from."""

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any


class AfterImport:
    """A finder that finds what the path finder finds, and adds `action` to its execution."""

    def __init__(self, name: str, action: Callable[[Any], None]) -> None:
        self._name = name
        self._action = action

    def install(self) -> None:
        """Act at once on a module that is there already, else wait for it."""
        module = sys.modules.get(self._name)
        if module is not None:
            self._action(module)
        else:
            sys.meta_path.insert(0, self)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module, with the action behind its execution."""
        if name != self._name:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            # A loader may be shared (one for each zip file), so only this module counts.
            if module.__name__ == self._name:
                loader.__dict__.pop("exec_module", None)
                self._action(module)

        loader.exec_module = exec_module
        return spec
