"""Turns the resolver's last word into one failure that says what is in the way and whose wish it was."""

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

    def rejecting_candidate(self, criterion: object, candidate: Candidate) -> None:
        """Called by the resolver for each version that it gives up."""
        if len(self.seen) < _REMEMBERED:
            self.seen.append(list(criterion.information))  # type: ignore[attr-defined]


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
        """Find the failure to report for a resolution that is impossible."""
        final = self._dead_end(causes)
        if final is None:
            return PackageConflict("; ".join(self._wishes(causes)))
        if all(cause.parent is not None for cause in causes):
            for information in rejections.seen:
                first = self._dead_end(information)
                if first is not None:
                    return first
        return final

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
            wishes += [f"a constraint says {c.text}" for c in self._choices.constraints.get(want.name, ())]
        distinct = list(dict.fromkeys(wishes))
        more = len(distinct) - _SHOWN
        return distinct[:_SHOWN] + ([f"and {more} more"] if more > 0 else [])


def _newest(versions: Iterable[Version]) -> Version:
    known = list(versions)
    return max([v for v in known if not v.is_prerelease] or known)
