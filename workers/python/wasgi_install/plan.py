"""From a job to unpacked packages: resolve everything first, then unpack everything."""

import platform
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from packaging.utils import canonicalize_name
from resolvelib import ResolutionImpossible, ResolutionTooDeep, Resolver

from .catalogue import Catalogue, platform_ranks
from .explain import Explainer, Rejections
from .failures import PackageConflict, PackageIntegrity
from .host import Fetcher
from .index import Index
from .project_metadata import MetadataError, parse_metadata
from .provider import Candidate, Choices, Provider
from .sources import Installed
from .unpack import unpack
from .wanted import Wanted, applies, read_wanted

_MAX_ROUNDS = 20_000


def install(job: Mapping[str, Any], fetcher: Fetcher) -> list[dict[str, str]]:
    """Carry out a job; the answer names each package and where it was unpacked."""
    wants = _wants(job["requirements"])
    installed = _installed(job["installed"])
    requested = frozenset(want.name for want in wants)
    choices = Choices(
        pre=bool(job["pre"]),
        upgraded=requested if job["upgrade"] else frozenset(),
        constraints=_by_name(_wants(job["constraints"])),
    )
    asked = {name: _asked(group) for name, group in _by_name(wants).items()}
    index = Index(job["indexes"], fetcher)
    catalogue = Catalogue(index, platform.python_version(), platform_ranks(), asked)
    chosen = _resolve(wants, catalogue, index, installed, choices)
    _check_others(chosen, installed)
    if any(asked.values()):
        _check_all_asked(chosen, asked)
    return [
        _carry_out(candidate, number, installed, requested)
        for number, candidate in enumerate(sorted(chosen.values(), key=lambda c: c.name))
    ]


def _wants(entries: Iterable[Mapping[str, object]]) -> list[Wanted]:
    wants = (read_wanted(entry) for entry in entries)
    return [want for want in wants if want is not None]


def _by_name(wants: Iterable[Wanted]) -> dict[str, list[Wanted]]:
    groups: dict[str, list[Wanted]] = defaultdict(list)
    for want in wants:
        groups[want.name].append(want)
    return groups


def _asked(wants: Iterable[Wanted]) -> frozenset[str]:
    return frozenset().union(*(want.asked for want in wants))


def _installed(entries: Iterable[Mapping[str, str]]) -> dict[str, Installed]:
    """What is there already. A folder without usable metadata counts as not installed."""
    found: dict[str, Installed] = {}
    for entry in entries:
        try:
            metadata = parse_metadata(entry["metadata"])
        except MetadataError:
            continue
        found[canonicalize_name(metadata.name)] = Installed(entry["folder"], metadata)
    return found


def _resolve(
    wants: Sequence[Wanted],
    catalogue: Catalogue,
    index: Index,
    installed: Mapping[str, Installed],
    choices: Choices,
) -> Mapping[str, Candidate]:
    provider = Provider(catalogue, index, installed, choices, platform.python_version())
    index.prefetch(want.name for want in wants if want.url is None and want.name not in installed)
    rejections = Rejections()
    try:
        result = Resolver(provider, rejections).resolve(wants, max_rounds=_MAX_ROUNDS)
    except ResolutionImpossible as error:
        explainer = Explainer(catalogue, index, provider, choices)
        raise explainer.explain(list(error.causes), rejections) from error
    except ResolutionTooDeep as error:
        raise PackageConflict("the search for versions did not end; pin some of them") from error
    return result.mapping


def _check_others(chosen: Mapping[str, Candidate], installed: Mapping[str, Installed]) -> None:
    """What stays in the target folder must go on working with what comes."""
    for name, other in installed.items():
        if name in chosen:
            continue
        for need in other.metadata.requires:
            needed = canonicalize_name(need.name)
            before, after = installed.get(needed), chosen.get(needed)
            if before is None or after is None or not applies(need):
                continue
            fitted = need.specifier.contains(before.version, prereleases=True)
            if fitted and not need.specifier.contains(after.version, prereleases=True):
                raise PackageConflict(
                    f"{name} {other.version}, which is installed, requires {need}, "
                    f"and {after} would take its place"
                )


def _check_all_asked(chosen: Mapping[str, Candidate], asked: Mapping[str, frozenset[str]]) -> None:
    """As with pip: one `--hash` means that every package must have one."""
    for name, candidate in chosen.items():
        if not isinstance(candidate.source, Installed) and not asked.get(name):
            raise PackageIntegrity(f"{candidate}", "other requirements have a --hash, it has none")


def _carry_out(
    candidate: Candidate,
    number: int,
    installed: Mapping[str, Installed],
    requested: frozenset[str],
) -> dict[str, str]:
    source = candidate.source
    answer = {"name": candidate.name, "version": str(candidate.version)}
    if isinstance(source, Installed):
        return {**answer, "staged": "", "replaces": ""}
    folder = str(number)
    unpack(source, folder, requested=candidate.name in requested)
    before = installed.get(candidate.name)
    return {**answer, "staged": folder, "replaces": before.folder if before else ""}
