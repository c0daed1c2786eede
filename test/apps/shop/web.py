"""Imports a neighbour of its package, so the folder above the package must be on sys.path."""

from mirror import mirror

named = mirror("shop.web:named")


def make():
    """A factory."""
    return mirror("shop.web:make()")
