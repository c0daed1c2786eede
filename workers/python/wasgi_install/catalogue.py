"""Sorts a project's files into those that can be used here and those that cannot, and says why."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from micropip._utils import sys_tags
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion, Version

from .digests import may_fit
from .index import Index
from .optional_extensions import OPTIONAL_EXTENSIONS
from .pages import ProjectFile
from .source_archive import is_source_archive
from .sources import Sdist, Source, Wheel

# Why a version cannot be used, the most telling reason first.
HASH = "no file of it has one of the --hash values given"
PLATFORM = "it has wheels for other platforms only, none for Pyodide or for every platform"
PYTHON = "it is not for Python {python} ({wanted})"
BUILD = "it comes as a source archive only, which would have to be built"
_REASONS = (HASH, PLATFORM, PYTHON, BUILD)


@dataclass
class Listing:
    """What the indexes have of one project, as seen from here."""

    found: bool
    usable: dict[Version, list[Source]] = field(default_factory=dict)
    """The best source first: wheels by their rank, then a listed source archive."""
    yanked: set[Version] = field(default_factory=set)
    refused: dict[Version, str] = field(default_factory=dict)
    """Versions of which nothing can be used, each with the reason."""


def platform_ranks() -> dict[str, int]:
    """The wheel tags that this interpreter accepts, as micropip knows them; the best one is 0."""
    return {str(tag): rank for rank, tag in enumerate(sys_tags())}


class Catalogue:
    """Listings by project name, each made once."""

    def __init__(
        self,
        index: Index,
        python: str,
        ranks: Mapping[str, int],
        asked: Mapping[str, Collection[str]],
    ) -> None:
        self._index = index
        self._python = python
        self._ranks = ranks
        self._asked = asked
        self._listings: dict[str, Listing] = {}
        self._python_fits: dict[str, bool] = {}

    def listing(self, name: str) -> Listing:
        """What can be had of the project `name` (in its normalised form)."""
        if name not in self._listings:
            files = self._index.files(name)
            listing = Listing(found=files is not None)
            for file in files or []:
                self._sort_in(listing, name, file)
            for sources in listing.usable.values():
                sources.sort(key=_preference)
            self._listings[name] = listing
        return self._listings[name]

    def accepts(self, tags: Iterable[Tag]) -> bool:
        """Whether a wheel with these tags runs here."""
        return any(str(tag) in self._ranks for tag in tags)

    def asked(self, name: str) -> Collection[str]:
        """The operator's `--hash` values for a project."""
        return self._asked.get(name, ())

    def _sort_in(self, listing: Listing, name: str, file: ProjectFile) -> None:
        sorted_in = self._usable(name, file)
        if sorted_in is None:
            return
        version, outcome = sorted_in
        if isinstance(outcome, str):
            if version not in listing.usable:
                known = listing.refused.get(version)
                listing.refused[version] = outcome if known is None else _telling(known, outcome)
            return
        listing.usable.setdefault(version, []).append(outcome)
        listing.refused.pop(version, None)
        if file.yanked:
            listing.yanked.add(version)

    def _usable(self, name: str, file: ProjectFile) -> tuple[Version, Source | str] | None:
        """A file's version with what it can serve as, or with the reason why it cannot."""
        if file.filename.endswith(".whl"):
            return self._usable_wheel(name, file)
        if not is_source_archive(file.filename):
            return None
        try:
            version = parse_sdist_filename(_modern_sdist_name(file.filename))[1]
        except (InvalidSdistFilename, InvalidVersion):
            return None
        recipe = OPTIONAL_EXTENSIONS.get(name)
        if recipe is None or version < Version(recipe.since):
            return version, BUILD
        refusal = self._refusal(name, file)
        if refusal is not None:
            return version, refusal
        return version, Sdist(self._index, name, version, file, recipe, self._asked.get(name, ()))

    def _usable_wheel(self, name: str, file: ProjectFile) -> tuple[Version, Source | str] | None:
        parts = file.filename.split("-", 2)
        # Most files of a large project are for other platforms; reading all their tags takes long.
        if len(parts) == 3 and not file.filename.endswith(("-any.whl", "wasm32.whl")):
            try:
                return Version(parts[1]), PLATFORM
            except InvalidVersion:
                return None
        try:
            _, version, build, tags = parse_wheel_filename(file.filename)
        except (InvalidWheelFilename, InvalidVersion):
            return None
        recipe = OPTIONAL_EXTENSIONS.get(name)
        if recipe is not None and version < Version(recipe.since):
            return version, BUILD
        ranks = [self._ranks[str(tag)] for tag in tags if str(tag) in self._ranks]
        if not ranks:
            return version, PLATFORM
        refusal = self._refusal(name, file)
        if refusal is not None:
            return version, refusal
        asked = self._asked.get(name, ())
        return version, Wheel(self._index, name, version, file, (min(ranks), build), asked)

    def _refusal(self, name: str, file: ProjectFile) -> str | None:
        if not self._fits_python(file.requires_python):
            return PYTHON.format(python=self._python, wanted=file.requires_python)
        if not may_fit(file.hashes, self._asked.get(name, ())):
            return HASH
        return None

    def _fits_python(self, requires_python: str) -> bool:
        if requires_python not in self._python_fits:
            try:
                specifier = SpecifierSet(requires_python)
                fits = specifier.contains(self._python, prereleases=True)
            except InvalidSpecifier:
                fits = True  # pip ignores what it cannot read here, too
            self._python_fits[requires_python] = fits
        return self._python_fits[requires_python]


def _preference(source: Source) -> tuple[int, int, tuple[int, str] | tuple[()]]:
    if isinstance(source, Wheel):
        rank, build = source.rank
        return (0, rank, (-build[0], build[1]) if build else ())
    return (1, 0, ())


def _telling(one: str, other: str) -> str:
    def weight(reason: str) -> int:
        return next(
            (i for i, known in enumerate(_REASONS) if reason[:12] == known[:12]), len(_REASONS)
        )

    return min(one, other, key=weight)


def _modern_sdist_name(filename: str) -> str:
    return filename.removesuffix(".tgz") + ".tar.gz" if filename.endswith(".tgz") else filename
