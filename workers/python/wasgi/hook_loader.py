"""Loads the scripts of an application's hooks into the one interpreter that they share."""

import os
import traceback
from collections.abc import Sequence
from typing import Any, Final

from .hook_scripts import HookScript
from .hooks import Hooks
from .loader import Found, Target, import_failure, no_callable, put_first

_SIGNATURES: Final = {
    "allow_access": "allow_access(environ, host)",
    "check_password": "check_password(environ, user, password)",
    "get_realm_hash": "get_realm_hash(environ, user, realm)",
    "groups_for_user": "groups_for_user(environ, user)",
}


def load(target: Target) -> Found:
    """Load all scripts of `target`. LoadError, if one of those that let people in cannot be."""
    scripts: dict[str, HookScript] = {}
    by_file: dict[str, HookScript] = {}
    for spec in target.hooks:
        file = spec["file"]
        put_first(os.path.dirname(file))
        script = by_file.setdefault(file, HookScript(file))
        scripts[spec["kind"]] = script
        _try(script, spec)
    return Found(Hooks(scripts), _label(target.hooks))


def _try(script: HookScript, spec: dict[str, Any]) -> None:
    one = Target(spec["target"], script.file, None, None, False)
    function = spec["function"]
    try:
        module = script.module()
    except BaseException as error:
        if function is not None:
            raise import_failure(one, error) from None
        # A dispatch script; mod_wsgi goes on without, and looks at it again at each request.
        traceback.print_exc()
        return
    if function is not None and not callable(getattr(module, function, None)):
        raise no_callable(one, f"it defines no {_SIGNATURES[function]}")


def _label(specs: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{spec['target']}:{spec['function'] or spec['kind']}" for spec in specs)
