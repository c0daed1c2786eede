"""Turns the resolver's last word into one failure that says what is in the way and whose wish it was."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from packaging.version import Version
from resolvelib.reporters import BaseReporter
from resolvelib.structs import RequirementInformation

from .catalogue import Catalogue
from .failures import InstallFailure, PackageConflict, PackageNotFound, PackageUnsupported
from .index import Index
from .provider import Candidate, Choices, Provider
from .wanted import Impossible, Wanted

_REMEMBERED = 64
_SHOWN = 6


class Rejections(BaseReporter):
    """Remembers why the resolver had to go back. The first reason is the newest version's, so it is
    worth more than the last one, which is about some version of long ago.
    """

    def __init__(self) -> None:
        self.seen: list[list[RequirementInformation]] = []
        self._newest: dict[str, Version] = {}

    def rejecting_candidate(self, criterion: object, candidate: Candidate) -> None:
        """Called by the resolver for each version that it gives up."""
        known = self._newest.get(candidate.name, candidate.version)
        self._newest[candidate.name] = max(known, candidate.version)
        if len(self.seen) < _REMEMBERED:
            self.seen.append(list(criterion.information))  # type: ignore[attr-defined]

    def is_fallback(self, candidate: Candidate | None) -> bool:
        """Whether a newer version of the same project had been given up."""
        if candidate is None or candidate.name not in self._newest:
            return False
        return candidate.version < self._newest[candidate.name]


class Explainer:
    """Knows what the resolver knew."""

    def __init__(
        self, catalogue: Catalogue, index: Index, provider: Provider, choices: Choices
    ) -> None:
        self._catalogue = catalogue
        self._index = index
        self._provider = provider
        self._choices = choices

    def explain(
        self, causes: Sequence[RequirementInformation], rejections: Rejections
    ) -> InstallFailure:
        """Find the failure to report for a resolution that is impossible.

        The search ends where it has tried everything, which may be far from what is wrong.
        """
        at_end = self._root_dead_end(causes)
        if at_end is None and not any(rejections.is_fallback(cause.parent) for cause in causes):
            at_end = self._conflict(causes)
        if at_end is not None:
            return at_end
        for information in rejections.seen:
            first = self._dead_end(information) or self._conflict(information)
            if first is not None:
                return first
        return self._dead_end(causes) or PackageConflict("; ".join(self._wishes(causes)))

    def _root_dead_end(self, causes: Iterable[RequirementInformation]) -> InstallFailure | None:
        return self._dead_end(cause for cause in causes if cause.parent is None)

    def _conflict(self, causes: Iterable[RequirementInformation]) -> InstallFailure | None:
        """Wishes about one project that exclude each other, each of the newest version that has it."""
        by_project: dict[str, dict[str, RequirementInformation]] = defaultdict(dict)
        for cause in causes:
            if isinstance(cause.requirement, Impossible):
                continue
            wishers = by_project[cause.requirement.name]
            wisher = cause.requirement.text if cause.parent is None else cause.parent.name
            known = wishers.get(wisher)
            if known is None or _is_newer(cause.parent, known.parent):
                wishers[wisher] = cause
        for name, wishers in by_project.items():
            wants = [cause.requirement for cause in wishers.values()]
            if len(wants) > 1 and next(self._provider.sources(name, wants), None) is None:
                return PackageConflict("; ".join(self._wishes(wishers.values())))
        return None

    def _dead_end(self, causes: Iterable[RequirementInformation]) -> InstallFailure | None:
        """A wish that nothing could fulfil, even if it were the only one."""
        for want, parent in causes:
            by = "" if parent is None else f" (required by {parent})"
            if isinstance(want, Impossible):
                return PackageUnsupported(want.name, want.reason)
            if next(self._provider.sources(want.name, [want]), None) is None:
                return self._why_nothing(want, by)
        return None

    def _why_nothing(self, want: Wanted, by: str) -> InstallFailure:
        listing = self._catalogue.listing(want.name)
        if not listing.found:
            reason = f"there is no project of this name on {self._index.shown}"
            return PackageNotFound(f"{want.name}{by}", reason)
        specifier = want.specifier
        held = self._choices.constraints.get(want.name, ())
        for constraint in held:
            specifier &= constraint.specifier
        refused = [v for v in listing.refused if specifier.contains(v, prereleases=True)]
        if refused:
            newest = _newest(refused)
            return PackageUnsupported(f"{want.name} {newest}{by}", listing.refused[newest])
        versions = [*listing.usable, *listing.refused]
        if not versions:
            return PackageNotFound(f"{want.name}{by}", "the index has no wheel and no source of it")
        reason = f"no version fits; the newest is {_newest(versions)}"
        if held:
            reason += f", and the constraints say {', '.join(c.text for c in held)}"
        return PackageNotFound(f"{want.text or want.name}{by}", reason)

    def _wishes(self, causes: Iterable[RequirementInformation]) -> list[str]:
        wishes: list[str] = []
        for want, parent in causes:
            text = want.text if isinstance(want, Wanted) else want.name
            wishes.append(f"you ask for {text}" if parent is None else f"{parent} requires {text}")
            wishes += [
                f"a constraint says {c.text}" for c in self._choices.constraints.get(want.name, ())
            ]
        distinct = list(dict.fromkeys(wishes))
        more = len(distinct) - _SHOWN
        return distinct[:_SHOWN] + ([f"and {more} more"] if more > 0 else [])


def _is_newer(one: Candidate | None, other: Candidate | None) -> bool:
    return one is not None and other is not None and one.version > other.version


def _newest(versions: Iterable[Version]) -> Version:
    known = list(versions)
    return max([v for v in known if not v.is_prerelease] or known)
