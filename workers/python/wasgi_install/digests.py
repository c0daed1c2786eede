"""Compares what was downloaded with the digests promised for it."""

import hashlib
from collections.abc import Collection, Mapping

from .failures import PackageIntegrity

_STRONGEST_FIRST = ("sha512", "sha384", "sha256", "sha3_512", "sha3_256", "blake2b", "sha1", "md5")
CHECKED = frozenset({"sha256", "sha384", "sha512"})
"""What `--hash` may name, as with pip."""


def verify(what: str, data: bytes, promised: Mapping[str, str]) -> None:
    """Check the strongest digest that the index promised, if it promised any."""
    for algorithm in _STRONGEST_FIRST:
        if algorithm in promised:
            found = hashlib.new(algorithm, data).hexdigest()
            if found != promised[algorithm]:
                raise PackageIntegrity(
                    what, f"the index promised {algorithm} {promised[algorithm]}, got {found}"
                )
            return


def verify_asked(what: str, data: bytes, asked: Collection[str]) -> None:
    """Check that one of the operator's `algorithm:digest` texts fits, if there are any."""
    for text in asked:
        algorithm, _, digest = text.partition(":")
        if hashlib.new(algorithm, data).hexdigest() == digest:
            return
    if asked:
        raise PackageIntegrity(what, f"none of its --hash values fits ({', '.join(sorted(asked))})")


def may_fit(promised: Mapping[str, str], asked: Collection[str]) -> bool:
    """Tell from the index's page alone whether a file can be one that the operator asked for."""
    known = [text for text in asked if text.partition(":")[0] in promised]
    if not known:
        return True
    return any(promised[text.partition(":")[0]] == text.partition(":")[2] for text in known)
