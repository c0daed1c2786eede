"""Users and their groups: the name of a user says what becomes of them."""

import hashlib
import os
import sys

GRANTED = {"alice", "bob", "carol", "odd", "nobody", "lost"}
VERDICTS = {"denied": False, "unknown": None, "truthy": 1, "empty": "", "bytes": b"alice"}
NAMES = {"renamed": "Robert", "snow": "\u2603", "newline": "a\nREMOTE_USER: root"}


def check_password(environ, user, password):
    if user == "raises":
        raise ValueError("a password check in trouble")
    if user == "exits":
        sys.exit(1)
    if user == "dies":
        os._exit(1)
    if user == "long":
        return "x" * 100_000
    if user in VERDICTS:
        return VERDICTS[user]
    if user in NAMES:
        return NAMES[user]
    forbidden = {"HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "wsgi.input"}
    if forbidden & set(environ):
        raise ValueError("the environ holds what it must not")
    return user in GRANTED and password == "open:sesame"


def get_realm_hash(environ, user, realm):
    if user == "raises":
        raise ValueError("a hash in trouble")
    if user == "empty":
        return ""
    if user == "number":
        return 5
    if user not in GRANTED:
        return None
    digest = hashlib.md5(f"{user}:{realm}:open:sesame".encode("latin-1")).hexdigest()
    return digest.encode() if user == "bob" else digest


def groups_for_user(environ, user):
    if user == "lost":
        raise LookupError("groups in trouble")
    groups = {"alice": ["staff"], "bob": (b"guests", b"staff"), "Robert": {"staff"}}
    return groups.get(user, 5 if user == "odd" else ["guests"])
