"""The end of a stay in an interpreter that is the host program's: what came with it goes, so that the
next application finds neither this one's modules nor its host.
"""

import sys
from collections.abc import Iterable

from .process import IMPORTABLE


def leave(folders: Iterable[str]) -> None:
    """Forget the modules that lie in `folders`, and the gateway itself."""
    prefixes = tuple(f"{folder}/" for folder in folders)
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        of_application = isinstance(file, str) and file.startswith((*prefixes, IMPORTABLE))
        if of_application or name.partition(".")[0] in ("wasgi", "_wasgi_host"):
            del sys.modules[name]
    left = (*prefixes, IMPORTABLE)
    sys.path[:] = [entry for entry in sys.path if not f"{entry}/".startswith(left)]
    sys.path_importer_cache.clear()
