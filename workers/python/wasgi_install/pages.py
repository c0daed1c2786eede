"""Reads an index's page about one project: PEP 691 JSON, or PEP 503 HTML through micropip."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin

from micropip._vendored.mousebender.simple import from_project_details_html

_JSON = ("application/vnd.pypi.simple.v1+json", "application/json")
_HTML = ("application/vnd.pypi.simple.v1+html", "text/html", "application/xhtml+xml")


class PageError(Exception):
    """What was served is not a page of an index."""


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """One file of a project as its index describes it."""

    filename: str
    url: str
    hashes: Mapping[str, str]
    requires_python: str = ""
    yanked: bool = False
    metadata: Mapping[str, str] | None = None
    """Hashes of the metadata file beside it (PEP 658), or None where there is no such file."""


def parse_page(body: bytes, content_type: str, url: str, name: str) -> list[ProjectFile]:
    """Parse the page of project `name` that was served at `url`."""
    main_type = content_type.partition(";")[0].strip().lower()
    text = body.decode("utf-8", "replace")
    try:
        if main_type in _JSON:
            files = json.loads(text)["files"]
        elif main_type in _HTML:
            files = from_project_details_html(text, name)["files"]
        else:
            raise PageError(f"it has the content type {main_type or 'nothing'!r}")
        return [_project_file(entry, url) for entry in files]
    except PageError:
        raise
    except Exception as error:
        raise PageError(f"it is not a page of an index ({type(error).__name__})") from error


def _project_file(entry: Mapping[str, object], page_url: str) -> ProjectFile:
    yanked = entry.get("yanked", False)
    return ProjectFile(
        filename=str(entry["filename"]),
        url=urljoin(page_url, str(entry["url"])).partition("#")[0],
        hashes=_hashes(entry.get("hashes")),
        requires_python=str(entry.get("requires-python") or ""),
        yanked=yanked is not False,
        metadata=_metadata(entry),
    )


def _hashes(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(name).lower(): str(digest).lower() for name, digest in value.items()}


def _metadata(entry: Mapping[str, object]) -> Mapping[str, str] | None:
    # PEP 714: the new key goes before the two older ones.
    for key in ("core-metadata", "dist-info-metadata", "data-dist-info-metadata"):
        value = entry.get(key)
        if value:
            return _hashes(value)
    return None
