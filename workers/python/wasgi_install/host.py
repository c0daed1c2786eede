"""The installer's way to the host: GETs under the index's addresses, new files of the staging
folder, and progress. The only module that imports `_wasgi_install_host` and `pyodide`.
"""

import json
from dataclasses import dataclass

import _wasgi_install_host as _host
from pyodide.ffi import JsProxy, run_sync, to_js

from .failures import IndexUnreachable, PackageIntegrity, TargetUnwritable


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the index; `url` is where redirects led to."""

    status: int
    content_type: str
    url: str
    body: bytes
    content_range: str


class Fetcher:
    """GETs by URL. `begin` starts one early, so that pages come side by side."""

    def __init__(self) -> None:
        self._begun: dict[str, JsProxy] = {}

    def begin(self, url: str, kind: str) -> None:
        """Start a GET whose answer `get` will pick up."""
        if url not in self._begun:
            self._begun[url] = _host.get(url, kind)

    def get(self, url: str, kind: str) -> Reply:
        """Fetch a `page`, a `file` or a `range:FIRST-LAST` of one. Suspends this call until the answer is there."""
        self.begin(url, kind)
        answer = json.loads(run_sync(self._begun.pop(url)))
        if "problem" in answer:
            raise IndexUnreachable(answer["url"], answer["problem"])
        body = _host.take(answer["id"], answer["length"]).to_bytes()
        return Reply(answer["status"], answer["type"], answer["url"], body, answer["range"])


def write(path: str, data: bytes, *, executable: bool = False) -> None:
    """Write a new file of the staging folder."""
    outcome = _host.write(path, to_js(data), 1 if executable else 0)
    kind, _, reason = outcome.partition(" ")
    if kind == "refused":
        raise PackageIntegrity(path.partition("/")[2], reason)
    if kind == "failed":
        raise TargetUnwritable(path.partition("/")[2], reason)


def progress(kind: str, name: str, version: str = "", detail: str = "") -> None:
    """Tell the operator what begins now."""
    _host.progress(kind, name, version, detail)
