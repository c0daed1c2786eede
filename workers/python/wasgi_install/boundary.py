"""What the host calls: one job in, one answer out, both as JSON."""

import json
import traceback

from micropip.package_index import DEFAULT_INDEX_URLS

from .failures import InstallFailure
from .host import Fetcher
from .plan import install


def default_indexes() -> str:
    """The indexes for those who configured none, as a JSON list."""
    return json.dumps(DEFAULT_INDEX_URLS)


def run(text: str) -> str:
    """Carry out one job. Suspends while the host fetches."""
    try:
        packages = install(json.loads(text), Fetcher())
    except InstallFailure as failure:
        return json.dumps({"ok": False, "code": failure.code, "args": failure.texts})
    except Exception:
        return json.dumps({"ok": False, "code": "broken", "text": traceback.format_exc()})
    return json.dumps({"ok": True, "packages": packages})
