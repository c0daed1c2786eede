"""mod_wsgi's hooks: what a script's functions may return about a request, and what each of that means.

All hooks of an application are one application here, whose requests are the host's questions: JSON as
the body, and JSON in a header as the answer, which a response to HEAD has, too.
"""

import json
import traceback
from collections.abc import Mapping
from typing import Any, Final

from .hook_environ import cut_down, of_dispatch
from .hook_scripts import HookScript

ACCESS: Final = "access"
USER: Final = "user"
GROUP: Final = "group"
DISPATCH: Final = "dispatch"
_ROUTES: Final = ("process_group", "application_group", "callable_object")

_FAILED: Final = object()


class Hooks:
    """The scripts by what they are for. Whatever goes wrong with one of them lets nobody in."""

    def __init__(self, scripts: Mapping[str, HookScript]) -> None:
        self._scripts = scripts
        self._questions: dict[str, Any] = {
            "allow_access": self._allow_access,
            "check_password": self._check_password,
            "get_realm_hash": self._get_realm_hash,
            "groups_for_user": self._groups_for_user,
            "dispatch": self._dispatch,
        }

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer one question of the host's."""
        question = json.loads(environ["wsgi.input"].read())
        answer = self._questions[question.pop("function")](environ, **question)
        start_response("200 OK", [("verdict", json.dumps(answer))])
        return []

    def _allow_access(self, environ: dict[str, Any]) -> dict[str, Any]:
        """None is no opinion, so it allows; nothing but True and None does."""
        name = "allow_access"
        host = environ.get("REMOTE_ADDR", "")
        consequence = ", so the request is denied"
        verdict = self._ask(ACCESS, name, environ, (host,), consequence)
        if verdict is None or verdict is True:
            return {"outcome": "allowed"}
        if verdict is not False and verdict is not _FAILED:
            kind = type(verdict).__name__
            _log(environ, f"{name} must return True, False or None, not {kind}: request denied.")
        return {"outcome": "denied"}

    def _check_password(self, environ: dict[str, Any], user: str, password: str) -> dict[str, Any]:
        """True grants, as does the text that the user is to be called; None is nobody's name."""
        name = "check_password"
        verdict = self._ask(USER, name, environ, (user, password))
        if verdict is True:
            return {"outcome": "granted", "user": user}
        if verdict is False:
            return {"outcome": "denied"}
        if verdict is None:
            return {"outcome": "unknown"}
        if isinstance(verdict, str) and verdict and _is_latin1(verdict):
            return {"outcome": "granted", "user": verdict}
        return _failure(environ, name, verdict, "True, False, None or the name of the user")

    def _get_realm_hash(self, environ: dict[str, Any], user: str, realm: str) -> dict[str, Any]:
        """MD5 of `user:realm:password` in hexadecimal digits, as text or bytes."""
        name = "get_realm_hash"
        verdict = self._ask(USER, name, environ, (user, realm))
        if verdict is None:
            return {"outcome": "unknown"}
        text = _text(verdict)
        if text:
            return {"outcome": "known", "hash": text}
        return _failure(environ, name, verdict, "None, or a hash as str or bytes")

    def _groups_for_user(
        self, environ: dict[str, Any], user: str, required: list[str]
    ) -> dict[str, Any]:
        """Whether the user is in one of the groups. What cannot be read as groups denies."""
        name = "groups_for_user"
        consequence = ", so the user is in no group"
        groups: set[str] = set()
        try:
            verdict = self._ask(GROUP, name, environ, (user,), consequence)
            if verdict is _FAILED:
                return {"outcome": "denied"}
            for group in verdict:
                text = _text(group)
                if text is None:
                    raise TypeError(f"a group must be Latin-1 str or bytes, got {group!r:.60}")
                groups.add(text)
        except MemoryError:
            raise
        except (Exception, SystemExit):
            _log(environ, f"{name} must return an iterable of groups{consequence}.")
            _log(environ, traceback.format_exc())
            return {"outcome": "denied"}
        return {"outcome": "denied" if groups.isdisjoint(required) else "granted"}

    def _dispatch(self, environ: dict[str, Any]) -> dict[str, Any]:
        """What is to be other than configured. A script that cannot be imported changes nothing."""
        script = self._scripts[DISPATCH]
        try:
            module = script.module()
        except MemoryError:
            raise
        except (Exception, SystemExit):
            _log(
                environ, f"{script.file} cannot be imported, so requests go where they are mounted."
            )
            _log(environ, traceback.format_exc())
            return {"outcome": "routed"}
        answer: dict[str, Any] = {"outcome": "routed"}
        for name in _ROUTES:
            if getattr(module, name, None) is None:
                continue
            verdict = self._ask(DISPATCH, name, environ)
            if verdict is None:
                continue
            text = _text(verdict)
            if text is None:
                return _failure(environ, name, verdict, "None, or a name as str or bytes")
            answer[name] = text
        return answer

    def _ask(
        self,
        kind: str,
        name: str,
        environ: dict[str, Any],
        args: tuple[object, ...] = (),
        consequence: str = "",
    ) -> Any:
        """What the function returns. _FAILED, and the log says why, when it does not."""
        seen = of_dispatch(environ) if kind == DISPATCH else cut_down(environ)
        try:
            return getattr(self._scripts[kind].module(), name)(seen, *args)
        except MemoryError:
            raise
        except (Exception, SystemExit):
            _log(environ, f"{name} failed{consequence}.")
            _log(environ, traceback.format_exc())
            return _FAILED


def _failure(environ: dict[str, Any], name: str, verdict: object, expected: str) -> dict[str, Any]:
    if verdict is _FAILED:
        return {"outcome": "failed", "reason": f"{name} raised, or is not there"}
    empty = "an empty " if isinstance(verdict, (str, bytes)) and not verdict else ""
    kind = f"{empty}{type(verdict).__name__}"
    reason = f"{name} must return {expected}, not {kind}"
    _log(environ, f"{reason}.")
    return {"outcome": "failed", "reason": reason}


def _log(environ: dict[str, Any], text: str) -> None:
    environ["wsgi.errors"].write(text.rstrip("\n") + "\n")


def _text(value: object) -> str | None:
    """A name as mod_wsgi takes it: bytes are Latin-1, and text has to be."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value if isinstance(value, str) and _is_latin1(value) else None


def _is_latin1(text: str) -> bool:
    return not text or ord(max(text)) < 256
