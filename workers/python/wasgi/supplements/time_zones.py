"""The time zone database, for hosts that have none: the tzdata wheel as its index delivers it, which
`zoneinfo` falls back on. A wheel is a zip file that Python can import from.
"""

from pathlib import Path
from typing import Final

_VENDOR: Final = Path(__file__).resolve().parents[2] / "vendor"

PATH: Final = tuple(str(wheel) for wheel in sorted(_VENDOR.glob("tzdata-*.whl")))
"""Last on the module path: a newer tzdata among the application's packages wins."""
