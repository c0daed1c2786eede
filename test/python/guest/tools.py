"""What the tests of the guest need of Python: the host's half of a request, and a test runner."""

import asyncio
import io
import json
import marshal
import time
import unittest


def dumps(environ: str, body: object) -> bytes:
    """A request as the host lays it out; the body is text, or anything else for one to pull."""
    variables = json.loads(environ)
    data = body.encode() if isinstance(body, str) else None
    return marshal.dumps((-1, tuple(variables), tuple(variables.values()), data, 0))


def try_to_sleep() -> str:
    """What happens to a sleep in a call that cannot be suspended."""
    try:
        time.sleep(1)
    except RuntimeError as error:
        return str(error)
    return ""


def run_tests(folder: str) -> str:
    """Run all tests of `folder`; empty when there were some and all passed, else the report."""
    asyncio._set_running_loop(None)
    tests = unittest.defaultTestLoader.discover(folder, top_level_dir=folder)
    output = io.StringIO()
    result = unittest.TextTestRunner(output).run(tests)
    return "" if result.wasSuccessful() and result.testsRun else output.getvalue()
