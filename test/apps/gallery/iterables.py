"""Returns its three items in the kind of iterable that the query names."""

import io
from collections import deque

from gallery.telling import PLAIN

ITEMS = [b"one\n", b"two\n", b"three\n"]


class OnlyItems:
    """Iterable as in the time before __iter__."""

    def __getitem__(self, index):
        return ITEMS[index]


class OnlyIter:
    def __iter__(self):
        return iter(ITEMS)


KINDS = {
    "list": lambda: list(ITEMS),
    "tuple": lambda: tuple(ITEMS),
    "generator": lambda: (item for item in ITEMS),
    "iterator": lambda: iter(ITEMS),
    "map": lambda: map(bytes, ITEMS),
    "deque": lambda: deque(ITEMS),
    "keys": lambda: dict.fromkeys(ITEMS),
    "__iter__": OnlyIter,
    "__getitem__": OnlyItems,
    "file": lambda: io.BytesIO(b"".join(ITEMS)),
}


def application(environ, start_response):
    start_response("200 OK", [PLAIN])
    return KINDS[environ["QUERY_STRING"]]()
