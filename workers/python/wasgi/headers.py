"""Checks a status line and response headers, and lays them out as the host reads them: status,
then name and value in turn, separated by newlines, in Latin-1.
"""

import re
from collections.abc import Callable
from typing import Final

PLAIN: Final = 0
CONTENT_LENGTH: Final = 1
HOP_BY_HOP: Final = 2

_STATUS = re.compile(r"[2-9][0-9]{2}(?: [^\x00-\x1f\x7f]*)?").fullmatch
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
# A tab is the one control character that RFC 9110 5.5 allows inside a value.
_CONTROL: Final = bytes((*range(0x09), *range(0x0A, 0x20), 0x7F))
_CONTROL_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]").search

# What `send` takes at once, less the lengths in front.
HEAD_LIMIT: Final = 60 * 1024

# Clients bound the heads they accept, interim ones included, at a few times this.
HINTS_LIMIT: Final = 8 * 1024

# Heads kept, and the size of the largest: half a megabyte at most.
REMEMBERED_HEADS: Final = 256
REMEMBERED_LIMIT: Final = 2 * 1024

_SPECIAL = {
    "content-length": CONTENT_LENGTH,
    # RFC 9110 7.6.1: these belong to the connection, which is the host's.
    "connection": HOP_BY_HOP,
    "keep-alive": HOP_BY_HOP,
    "proxy-authenticate": HOP_BY_HOP,
    "proxy-authorization": HOP_BY_HOP,
    "proxy-connection": HOP_BY_HOP,
    "te": HOP_BY_HOP,
    "trailer": HOP_BY_HOP,
    "trailers": HOP_BY_HOP,
    "transfer-encoding": HOP_BY_HOP,
    "upgrade": HOP_BY_HOP,
}


class Head:
    """A checked head: `encoded` lacks the Content-Length, which is `length` (-1 if not given)."""

    __slots__ = ("code", "encoded", "length")

    def __init__(self, code: str, encoded: bytes, length: int) -> None:
        self.code = code
        self.encoded = encoded
        self.length = length


class HeaderRules:
    """Composes heads. It remembers the statuses and header names it has seen, which are few, and
    the last heads as a whole, since most applications send the same ones over and over."""

    __slots__ = ("_heads", "_kinds", "_on_hop_by_hop", "_statuses")

    def __init__(self, on_hop_by_hop: Callable[[str], None]) -> None:
        self._kinds: dict[str, int] = {}
        self._statuses: set[str] = set()
        self._heads: dict[tuple[object, ...], tuple[bytes, int]] = {}
        self._on_hop_by_hop = on_hop_by_hop

    def compose(self, status: str, headers: list[tuple[str, str]]) -> Head:
        """Check everything that PEP 3333 asks of start_response's first two arguments."""
        if not isinstance(headers, list):
            raise TypeError(f"response headers must be a list, not {type(headers).__name__}")
        try:
            encoded, length = self._heads[(status, *headers)]
        except (KeyError, TypeError):  # a part that cannot be hashed is none that may be sent
            encoded, length = self._encode(status, headers)
        code = status[:3]
        # RFC 9110 15.3.6: a 205 is not without a body, its body is empty.
        return Head(code, encoded, 0 if code == "205" else length)

    def _encode(self, status: str, headers: list[tuple[str, str]]) -> tuple[bytes, int]:
        if status not in self._statuses:
            self._check_status(status)
        parts: list[str] = [status]
        length = -1
        remember = True
        kinds = self._kinds
        for item in headers:
            if not isinstance(item, tuple) or len(item) != 2:
                raise TypeError(
                    f"a response header must be a tuple of name and value, got {item!r}"
                )
            name, value = item
            kind = kinds.get(name)
            if kind is None:
                kind = self._classify(name)
            if kind == PLAIN:
                parts.append(name)
                parts.append(value)
            elif kind == CONTENT_LENGTH:
                length = _length(value, length)
            else:
                self._on_hop_by_hop(name)
                remember = False
        try:
            encoded = "\n".join(parts).encode("latin-1")
        except (TypeError, UnicodeEncodeError):
            raise _explain(headers) from None
        # One pass over all values: the only control characters are the newlines put in above.
        if len(encoded) - len(encoded.translate(None, _CONTROL)) != len(parts) - 1:
            raise _explain(headers)
        if len(encoded) > HEAD_LIMIT:
            raise ValueError(
                f"the response headers take {len(encoded)} bytes, more than {HEAD_LIMIT}"
            )
        if remember and len(encoded) <= REMEMBERED_LIMIT and all(map(_is_plain, parts)):
            if len(self._heads) >= REMEMBERED_HEADS:
                self._heads.clear()
            self._heads[(status, *headers)] = encoded, length
        return encoded, length

    def _check_status(self, status: str) -> None:
        if not isinstance(status, str):
            raise TypeError(f"the status must be str, not {type(status).__name__}")
        if _STATUS(status) is None:
            raise ValueError(
                f"the status must be like '200 OK' and final (200 to 999), got {status!r}"
            )
        if not _is_latin1(status):
            raise ValueError(f"the status must be Latin-1, got {status!r}")
        if len(self._statuses) < 1000:
            self._statuses.add(status)

    def _classify(self, name: str) -> int:
        if not isinstance(name, str):
            raise TypeError(f"a response header name must be str, got {name!r}")
        if _TOKEN(name) is None:
            raise ValueError(f"{name!r} is not a valid response header name")
        kind = _SPECIAL.get(name.lower(), PLAIN)
        if len(self._kinds) < 1000:
            self._kinds[name] = kind
        return kind


class HintRules:
    """Composes the heads of interim responses (RFC 8297): the same rules, but nothing is left out."""

    __slots__ = ("_rules",)

    def __init__(self) -> None:
        self._rules = HeaderRules(_refuse_hint)

    def compose(self, headers: list[tuple[str, str]]) -> bytes:
        """Names and values in turn; b"" for none."""
        head = self._rules.compose("200", headers)
        if head.length >= 0:
            _refuse_hint("Content-Length")
        encoded = head.encoded[len("200\n") :]
        if len(encoded) > HINTS_LIMIT:
            raise ValueError(f"the early hints take {len(encoded)} bytes, more than {HINTS_LIMIT}")
        return encoded


def _refuse_hint(name: str) -> None:
    raise ValueError(f"{name} is the host's, and no early hint")


def _is_plain(part: object) -> bool:
    """Whether it is equal to its like only; a subclass may say otherwise."""
    return type(part) is str


def _length(value: str, earlier: int) -> int:
    if not isinstance(value, str):
        raise TypeError(f"Content-Length must be str, got {value!r}")
    # More digits would be more than the host can count exactly.
    if not (value.isascii() and value.isdigit() and len(value) < 16):
        raise ValueError(f"Content-Length must be a number of bytes, got {value!r}")
    length = int(value)
    if earlier not in (-1, length):
        raise ValueError(f"Content-Length was given twice: {earlier} and {length}")
    return length


def _explain(headers: list[tuple[str, str]]) -> Exception:
    """Find out, slowly, what `compose` only knows to be there."""
    for name, value in headers:
        if not isinstance(value, str):
            return TypeError(f"the value of response header {name} must be str, got {value!r}")
        if _CONTROL_IN_VALUE(value) is not None:
            return ValueError(f"response header {name} holds a control character: {value!r}")
        if not _is_latin1(value):
            return ValueError(f"response header {name} is not Latin-1: {value!r}")
    return ValueError("the response headers are malformed")


def _is_latin1(text: str) -> bool:
    return not text or ord(max(text)) < 256
