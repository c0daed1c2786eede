"""Another application of the same folder."""

from typing import Any

import front
import ledger

ledger.imported.append("back")


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """As in front.py."""
    return front.answer("back", environ, start_response)
