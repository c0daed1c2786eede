"""A hook's script, which is loaded again when its file has changed: the module alone, as mod_wsgi does
it, under a name that no import uses.
"""

import hashlib
import os
import sys
from types import ModuleType


class HookScript:
    """One script and the module it is at present."""

    def __init__(self, file: str) -> None:
        self.file = file
        digest = hashlib.md5(file.encode("utf-8"), usedforsecurity=False).hexdigest()
        self._name = f"_mod_wsgi_{digest}"

    def module(self) -> ModuleType:
        """The module as its file is now. Raises whatever importing it raises."""
        module = sys.modules.get(self._name)
        changed_at = self._changed_at()
        if module is not None and changed_at == getattr(module, "__mtime__", None):
            return module
        sys.modules.pop(self._name, None)
        return self._import(changed_at)

    def _changed_at(self) -> int:
        try:
            return os.stat(self.file).st_mtime_ns
        except OSError:
            return -1

    def _import(self, changed_at: int) -> ModuleType:
        # Not by importlib: its bytecode files know seconds only.
        with open(self.file, "rb") as file:
            code = compile(file.read(), self.file, "exec", dont_inherit=True)
        module = ModuleType(self._name)
        module.__file__ = self.file
        module.__dict__["__mtime__"] = changed_at
        sys.modules[self._name] = module
        try:
            exec(code, module.__dict__)
        except BaseException:
            sys.modules.pop(self._name, None)
            raise
        return module
