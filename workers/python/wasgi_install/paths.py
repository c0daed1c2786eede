"""Which names inside an archive may become files. The host checks each path again (the wall is
there); this finds a bad archive before anything of it is written, and can name it.
"""

import re

_DRIVE = re.compile(r"[A-Za-z]:")
_MAX_NAME_BYTES = 255
_MAX_PATH = 1024


def fault_of(path: str) -> str | None:
    """Why an archive's member may not be unpacked under this name, or None."""
    if len(path) > _MAX_PATH:
        return "a path is too long"
    if path.startswith("/") or _DRIVE.match(path):
        return f"it holds the absolute path {path!r}"
    if "\\" in path or any(ord(character) < 32 for character in path):
        return f"it holds the malformed path {path!r}"
    for name in path.split("/"):
        if name == "..":
            return f"it holds {path!r}, which leads out of the folder"
        if name in ("", "."):
            return f"it holds the malformed path {path!r}"
        if len(name.encode("utf-8", "surrogatepass")) > _MAX_NAME_BYTES:
            return "a file's name is too long"
    return None
