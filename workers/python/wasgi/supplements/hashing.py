"""hashlib.pbkdf2_hmac and hashlib.scrypt, which Pyodide lacks for want of OpenSSL, computed by the
host. Arguments, results and errors are those of CPython's _hashopenssl.c.
"""

import hashlib
import operator
from typing import Any, Final

from ..host import Host

_INT_MAX: Final = (1 << 31) - 1
_LONG_MAX: Final = (1 << 63) - 1
_UINT64_MAX: Final = (1 << 64) - 1

# Python's names of digests in OpenSSL's words, where they differ.
_OPENSSL_NAMES: Final = {
    "sha3_224": "sha3-224",
    "sha3_256": "sha3-256",
    "sha3_384": "sha3-384",
    "sha3_512": "sha3-512",
    "blake2b": "blake2b512",
    "blake2s": "blake2s256",
}


def install(host: Host) -> None:
    """Add both functions to hashlib."""

    def pbkdf2_hmac(
        hash_name: str, password: Any, salt: Any, iterations: int, dklen: int | None = None
    ) -> bytes:
        """Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom
        function."""
        if not isinstance(hash_name, str):
            raise TypeError(
                f"pbkdf2_hmac() argument 'hash_name' must be str, not {type(hash_name).__name__}"
            )
        secret = _buffer(password, "password is too long.")
        seed = _buffer(salt, "salt is too long.")
        rounds = operator.index(iterations)
        _positive(rounds, "iteration value")
        name = _OPENSSL_NAMES.get(hash_name, hash_name.lower())
        length = _digest_size(hash_name) if dklen is None else operator.index(dklen)
        _positive(length, "key length")
        key = host.pbkdf2(name, secret, seed, rounds, length)
        if isinstance(key, int):
            raise ValueError(f"unsupported hash type {hash_name}" if key == -1 else "PBKDF2 failed")
        return key

    def scrypt(
        password: Any, *, salt: Any, n: int, r: int, p: int, maxmem: int = 0, dklen: int = 64
    ) -> bytes:
        """scrypt password-based key derivation function."""
        secret = _buffer(password, "password is too long.")
        seed = _buffer(salt, "salt is too long.")
        cost, block, lanes = (
            _unsigned(value, name) for value, name in ((n, "n"), (r, "r"), (p, "p"))
        )
        if cost < 2 or cost & (cost - 1):
            raise ValueError("n must be a power of 2.")
        memory, length = operator.index(maxmem), operator.index(dklen)
        if not 0 <= memory <= _INT_MAX:
            raise ValueError(f"maxmem must be positive and smaller than {_INT_MAX}")
        if not 1 <= length <= _INT_MAX:
            raise ValueError(f"dklen must be greater than 0 and smaller than {_INT_MAX}")
        # The host's numbers are doubles; what they cannot hold exactly could not be computed anyway.
        if max(cost, block, lanes) >= 1 << 53:
            raise ValueError("Invalid parameter combination for n, r, p, maxmem.")
        key = host.scrypt(secret, seed, cost, block, lanes, memory, length)
        if isinstance(key, int):
            raise ValueError("Invalid parameter combination for n, r, p, maxmem.")
        return key

    pbkdf2_hmac.__module__ = scrypt.__module__ = "hashlib"
    hashlib.pbkdf2_hmac = pbkdf2_hmac
    hashlib.scrypt = scrypt
    if "pbkdf2_hmac" not in hashlib.__all__:
        hashlib.__all__ = (*hashlib.__all__, "pbkdf2_hmac")


def _buffer(value: Any, too_long: str) -> bytes:
    if isinstance(value, str):
        raise TypeError("a bytes-like object is required, not 'str'")
    data = bytes(memoryview(value))
    if len(data) > _INT_MAX:
        raise OverflowError(too_long)
    return data


def _positive(value: int, what: str) -> None:
    if value > _LONG_MAX or value < -_LONG_MAX:
        raise OverflowError("Python int too large to convert to C long")
    if value < 1:
        raise ValueError(f"{what} must be greater than 0.")
    if value > _INT_MAX:
        raise OverflowError(f"{what} is too great.")


def _unsigned(value: Any, name: str) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{name} is required and must be an unsigned int")
    if value < 0:
        raise ValueError("value must be positive")
    if value > _UINT64_MAX:
        raise OverflowError("int too big to convert")
    return value


def _digest_size(name: str) -> int:
    try:
        size = hashlib.new(name.lower().replace("-", "_")).digest_size
    except (TypeError, ValueError):
        raise ValueError(f"unsupported hash type {name}") from None
    if not size:
        raise ValueError(f"unsupported hash type {name}")
    return size
