"""Not an application, but the hooks before one: who the members are, and which groups they are in."""

import hashlib
import hmac

# Made with hashlib.pbkdf2_hmac; Ada's password is "engine", Bob's is "brush".
MEMBERS = {
    "ada": "2658494f9d2585f48f39fb0048d2365505a83fb48be334b5730533c21fe4c794",
    "bob": "c389f21b76a65ccbc5d3a9361595ebc19772517fcefd2ea37e1c0f8764a1ecd4",
}
GROUPS = {"ada": ["editors"]}


def check_password(environ, user, password):
    """True, False, None for a user who is not known, or the name the application is to see."""
    if user not in MEMBERS:
        return None
    given = hashlib.pbkdf2_hmac("sha256", password.encode("latin-1"), b"members", 10_000)
    return hmac.compare_digest(given.hex(), MEMBERS[user])


def groups_for_user(environ, user):
    """The groups of a user whose password was right."""
    return GROUPS.get(user, [])
