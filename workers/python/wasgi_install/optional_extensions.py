"""The table of packages that may come from a source archive: their C extension only makes them
faster, and what is left without it is plain Python that can be copied. Nothing is ever built.

To list a package: read its setup script and its imports, install it here, run its own tests.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OptionalExtension:
    """How to take the plain Python out of one package's source archive."""

    copies: tuple[tuple[str, str], ...]
    """(folder of the archive, folder of the target) pairs, tests and all."""
    since: str
    """The oldest version for which this was checked."""
    leaves_out: tuple[str, ...] = ()
    """Folders of the archive, below the copied ones, that only a build or a test needs."""


OPTIONAL_EXTENSIONS: dict[str, OptionalExtension] = {
    "markupsafe": OptionalExtension((("src/markupsafe", "markupsafe"),), since="2.0"),
    "zope-interface": OptionalExtension((("src/zope/interface", "zope/interface"),), since="6.0"),
}
