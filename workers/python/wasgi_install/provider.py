"""Answers the questions of resolvelib, the resolver that pip uses: which versions are there, and
what does each need. micropip's own search takes the first version it meets and cannot go back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version
from resolvelib.providers import AbstractProvider
from resolvelib.structs import RequirementInformation

from .catalogue import PLATFORM, Catalogue
from .failures import PackageUnsupported
from .host import progress
from .index import Index
from .pages import ProjectFile
from .project_metadata import MetadataError
from .sources import Installed, Sdist, Source, Wheel
from .wanted import Impossible, Wanted, applies, wanted_from

_MAX_VERSIONS = 30
"""How many versions of one project are tried at most; who wants older ones can say so."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One version of a project with the extras that somebody wants of it."""

    name: str
    extras: frozenset[str]
    source: Source

    @property
    def version(self) -> Version:
        """The version."""
        return self.source.version

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Choices:
    """What the operator decided about the whole installation."""

    pre: bool
    upgraded: frozenset[str]
    """Names whose installed version is not to be preferred."""
    constraints: Mapping[str, Sequence[Wanted]]


class Provider(AbstractProvider[Wanted | Impossible, Candidate, str]):
    """The bridge between resolvelib and the catalogue."""

    def __init__(
        self,
        catalogue: Catalogue,
        index: Index,
        installed: Mapping[str, Installed],
        choices: Choices,
        python: str,
    ) -> None:
        self._catalogue = catalogue
        self._index = index
        self._installed = installed
        self._choices = choices
        self._python = python
        self._direct: dict[str, Wheel] = {}
        self._announced: set[str] = set()

    def identify(self, requirement_or_candidate: Wanted | Impossible | Candidate) -> str:
        """Requirements on one project belong together, whatever extras they name."""
        return requirement_or_candidate.name

    def get_preference(
        self,
        identifier: str,
        resolutions: Mapping[str, Candidate],
        candidates: Mapping[str, Iterator[Candidate]],
        information: Mapping[str, Iterator[RequirementInformation]],
        backtrack_causes: Sequence[RequirementInformation],
    ) -> tuple[bool, bool, bool, str]:
        """Decide the settled and the troublesome first; they leave the least to try."""
        wants = [info.requirement for info in information[identifier]]
        settled = any(isinstance(want, Impossible) or want.url for want in wants)
        pinned = any(isinstance(want, Wanted) and want.pins for want in wants)
        troubled = any(
            identifier in (cause.requirement.name, cause.parent and cause.parent.name)
            for cause in backtrack_causes
        )
        return (not settled, not pinned, not troubled, identifier)

    def find_matches(
        self,
        identifier: str,
        requirements: Mapping[str, Iterator[Wanted | Impossible]],
        incompatibilities: Mapping[str, Iterator[Candidate]],
    ) -> Callable[[], Iterator[Candidate]] | list[Candidate]:
        """Candidates, best first. Lazy: what is installed needs no index."""
        wants: list[Wanted] = []
        for want in requirements[identifier]:
            if isinstance(want, Impossible):
                return []
            wants.append(want)
        extras = frozenset().union(*(want.extras for want in wants))
        bad = list(incompatibilities[identifier])

        def candidates() -> Iterator[Candidate]:
            for source in islice(self.sources(identifier, wants), _MAX_VERSIONS):
                if not any(b.source is source and b.extras <= extras for b in bad):
                    yield Candidate(identifier, extras, source)

        return candidates

    def is_satisfied_by(self, requirement: Wanted | Impossible, candidate: Candidate) -> bool:
        """A pin stands until somebody wants another version, or another extra of it."""
        if isinstance(requirement, Impossible) or not requirement.extras <= candidate.extras:
            return False
        if requirement.url is not None:
            return candidate.source is self._direct.get(requirement.url)
        return requirement.specifier.contains(candidate.version, prereleases=True)

    def get_dependencies(self, candidate: Candidate) -> list[Wanted | Impossible]:
        """What a version needs here, with the extras that are wanted of it."""
        try:
            metadata = candidate.source.metadata
        except MetadataError as error:
            return [Impossible(f"{candidate}", str(error))]
        if not metadata.requires_python.contains(self._python, prereleases=True):
            reason = f"it is not for Python {self._python} ({metadata.requires_python})"
            return [Impossible(f"{candidate}", reason)]
        needs = [r for r in metadata.requires if applies(r, candidate.extras)]
        self._index.prefetch(
            name
            for name in (canonicalize_name(need.name) for need in needs if need.url is None)
            if name not in self._installed
        )
        return [wanted_from(need) for need in needs]

    def sources(self, name: str, wants: Sequence[Wanted]) -> Iterator[Source]:
        """Everything that satisfies all of `wants`, best first."""
        url = next((want.url for want in wants if want.url is not None), None)
        wants = [*wants, *self._choices.constraints.get(name, ())]
        specifier = SpecifierSet()
        for want in wants:
            specifier &= want.specifier
        if url is not None:
            wheel = self._direct_wheel(name, url)
            same = all(want.url in (None, url) for want in wants)
            if same and specifier.contains(wheel.version, prereleases=True):
                yield wheel
            return
        installed = self._installed.get(name)
        if installed is not None and not specifier.contains(installed.version, prereleases=True):
            installed = None
        if installed is not None and name not in self._choices.upgraded:
            yield installed
        yield from self._from_index(name, wants, specifier, installed)

    def _from_index(
        self,
        name: str,
        wants: Sequence[Wanted],
        specifier: SpecifierSet,
        installed: Installed | None,
    ) -> Iterator[Source]:
        if name not in self._announced:
            self._announced.add(name)
            progress("resolving", name)
        listing = self._catalogue.listing(name)
        pinned = any(want.pins for want in wants)
        known = set(listing.usable)
        if installed is not None:
            known.add(installed.version)
        versions = [v for v in known if pinned or v not in listing.yanked]
        allowed = specifier.filter(versions, prereleases=True if self._choices.pre else None)
        archives: list[Source] = []
        for version in sorted(allowed, reverse=True):
            if installed is not None and version == installed.version:
                # An upgrade that finds nothing newer leaves what is there.
                if name in self._choices.upgraded:
                    yield installed
                continue
            best = listing.usable[version][0]
            if isinstance(best, Sdist):
                archives.append(best)  # a wheel goes first, even an older one
            else:
                yield best
        yield from archives

    def _direct_wheel(self, name: str, url: str) -> Wheel:
        """The wheel at an address that the operator gave."""
        if url not in self._direct:
            address, _, fragment = url.partition("#")
            filename = address.rpartition("/")[2].replace("%2B", "+")
            try:
                project, version, _, tags = parse_wheel_filename(filename)
            except (InvalidWheelFilename, ValueError) as error:
                raise PackageUnsupported(url, "only wheels can be installed by URL") from error
            if project != name:
                raise PackageUnsupported(url, f"it is a wheel of {project}, not of {name}")
            if not self._catalogue.accepts(tags):
                raise PackageUnsupported(filename, PLATFORM)
            algorithm, _, digest = fragment.partition("=")
            promised = {algorithm: digest.lower()} if digest else {}
            file = ProjectFile(filename, address, promised)
            asked = self._catalogue.asked(name)
            self._direct[url] = Wheel(self._index, name, version, file, (0, ()), asked, direct=True)
        return self._direct[url]
