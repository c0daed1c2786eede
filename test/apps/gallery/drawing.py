"""Draws from all that is random. gallery.py imports it, so its generators are in a snapshot."""

import json
import os
import random
import secrets
import tempfile
import uuid

from gallery.telling import PLAIN

GENERATOR = random.Random()

WAYS = {
    "random": random.random,
    "Random": GENERATOR.random,
    "SystemRandom": random.SystemRandom().random,
    "secrets": secrets.token_hex,
    "urandom": lambda: os.urandom(16).hex(),
    "uuid1": lambda: str(uuid.uuid1()),
    "uuid4": lambda: str(uuid.uuid4()),
    "tempfile": tempfile.mktemp,
}

drawn = []


def application(environ, start_response):
    """`nth` is which draw of this interpreter it is."""
    drawn.append(1)
    draws = {name: way() for name, way in WAYS.items()}
    start_response("200 OK", [PLAIN])
    return [json.dumps({"nth": len(drawn), "draws": draws}).encode()]
