"""A requirement as the resolver sees it: who wants which versions of what, with which extras."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion

from .digests import CHECKED
from .failures import RequirementInvalid


@dataclass(frozen=True, slots=True)
class Wanted:
    """One requirement on the project `name`."""

    name: str
    specifier: SpecifierSet
    extras: frozenset[str] = frozenset()
    url: str | None = None
    """A wheel at this address and nothing else."""
    text: str = ""
    """As its author wrote it."""
    asked: frozenset[str] = field(default=frozenset())
    """Digests given with `--hash`."""

    @property
    def pins(self) -> bool:
        """Whether exactly one version is named (PEP 592: that may be a yanked one)."""
        return any(
            part.operator in ("==", "===") and not part.version.endswith(".*")
            for part in self.specifier
        )


@dataclass(frozen=True, slots=True)
class Impossible:
    """Put among the needs of a version that turned out not to be usable after all."""

    name: str
    reason: str


def wanted_from(requirement: Requirement) -> Wanted:
    """Turn a PEP 508 requirement into what the resolver works with."""
    return Wanted(
        name=canonicalize_name(requirement.name),
        specifier=requirement.specifier,
        extras=frozenset(canonicalize_name(extra) for extra in requirement.extras),
        url=requirement.url,
        text=str(requirement),
    )


def applies(requirement: Requirement, extras: frozenset[str] = frozenset()) -> bool:
    """Evaluate the marker for this interpreter and each of the extras."""
    if requirement.marker is None:
        return True
    return any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *extras))


def read_wanted(entry: Mapping[str, object]) -> Wanted | None:
    """Read one requirement of the operator's; None if its marker says: not here."""
    text, origin = str(entry["text"]), str(entry["origin"])
    wheel = entry.get("wheel")
    shown = f"{wheel}{text}" if wheel else text
    try:
        if wheel:
            filename = str(wheel).partition("#")[0].rpartition("/")[2]
            name = parse_wheel_filename(filename.replace("%2B", "+"))[0]
            extras, _, marker = text.partition(";")
            tail = f" ; {marker}" if marker else ""
            requirement = Requirement(f"{name}{extras.strip()} @ {wheel}{tail}")
        else:
            requirement = Requirement(text)
    except (InvalidRequirement, InvalidWheelFilename, InvalidVersion) as error:
        raise RequirementInvalid(shown, origin, str(error).partition("\n")[0]) from error
    if not applies(requirement):
        return None
    wanted = wanted_from(requirement)
    asked = frozenset(str(value).lower() for value in entry["hashes"])  # type: ignore[attr-defined]
    for value in asked:
        if value.partition(":")[0] not in CHECKED:
            raise RequirementInvalid(shown, origin, f"--hash={value} is none of {sorted(CHECKED)}")
    return Wanted(wanted.name, wanted.specifier, wanted.extras, wanted.url, shown, asked)
