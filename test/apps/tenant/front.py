"""Called like a module beside it, which another application of the same interpreter may have."""

from typing import Any


def application(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Tell which of the two it is."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"the tenant's front: {__file__}".encode()]
