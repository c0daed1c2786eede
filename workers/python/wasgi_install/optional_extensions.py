"""The table of packages that may come from a source archive: their C extension only makes them
faster, and what is left without it is plain Python that can be copied. Nothing is ever built.

To list a package: read its setup script and its imports, install it here, run its own tests.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OptionalExtension:
    """How to take the plain Python out of one package's source archive."""

    copies: tuple[tuple[str, str], ...]
    """(folder of the archive, folder of the target) pairs; sources of the extension stay out."""
    since: str
    """The oldest version for which this was checked; older ones are not taken, nor their wheels."""


OPTIONAL_EXTENSIONS: dict[str, OptionalExtension] = {
    "markupsafe": OptionalExtension((("src/markupsafe", "markupsafe"),), since="2.0"),
    "pyyaml": OptionalExtension((("lib/yaml", "yaml"), ("lib/_yaml", "_yaml")), since="6.0"),
    "zope-hookable": OptionalExtension((("src/zope/hookable", "zope/hookable"),), since="6.0"),
    "zope-i18nmessageid": OptionalExtension(
        (("src/zope/i18nmessageid", "zope/i18nmessageid"),), since="6.0"
    ),
    "zope-interface": OptionalExtension((("src/zope/interface", "zope/interface"),), since="6.0"),
}
