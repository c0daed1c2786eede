"""A package's own metadata: what it needs, and for which Python. Lenient, as indexes hold old files."""

import zipfile
from dataclasses import dataclass
from typing import IO

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version


class MetadataError(Exception):
    """The metadata cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class ProjectMetadata:
    """What of METADATA or PKG-INFO matters here."""

    name: str
    version: Version
    requires: tuple[Requirement, ...]
    requires_python: SpecifierSet
    extras: frozenset[str]


def parse_metadata(data: bytes | str) -> ProjectMetadata:
    """Parse a METADATA or PKG-INFO file."""
    raw, _ = parse_email(data)
    try:
        return ProjectMetadata(
            name=raw["name"],
            version=Version(raw["version"]),
            requires=tuple(Requirement(text) for text in raw.get("requires_dist", [])),
            requires_python=SpecifierSet(raw.get("requires_python", "")),
            extras=frozenset(canonicalize_name(text) for text in raw.get("provides_extra", [])),
        )
    except KeyError as error:
        raise MetadataError(f"its metadata has no {error}") from error
    except (InvalidRequirement, InvalidSpecifier, InvalidVersion) as error:
        text = str(error).partition("\n")[0]
        raise MetadataError(f"its metadata is not valid: {text}") from error


def check_identity(metadata: ProjectMetadata, name: str, version: Version) -> None:
    """A file must be what its name says it is."""
    if canonicalize_name(metadata.name) != name or metadata.version != version:
        raise MetadataError(f"its metadata says that it is {metadata.name} {metadata.version}")


def dist_info_folder(archive: zipfile.ZipFile, name: str) -> str:
    """The one `.dist-info` folder of a wheel, which must bear the project's name."""
    tops = {member.partition("/")[0] for member in archive.namelist()}
    folders = [top for top in tops if top.endswith(".dist-info")]
    if len(folders) != 1:
        raise MetadataError(f"it has {len(folders)} .dist-info folders, not one")
    if canonicalize_name(folders[0].removesuffix(".dist-info").partition("-")[0]) != name:
        raise MetadataError(f"its .dist-info folder is {folders[0]!r}")
    return folders[0]


def read_wheel_metadata(file: IO[bytes], name: str) -> bytes:
    """Take METADATA out of a wheel."""
    try:
        with zipfile.ZipFile(file) as archive:
            return archive.read(f"{dist_info_folder(archive, name)}/METADATA")
    except (KeyError, zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise MetadataError(f"it is not a wheel that can be read ({error})") from error
