"""The published ways out of Pyodide, each a function that returns what it got hold of."""


def answer() -> int:
    """Show that Python still works."""
    return sum(range(4)) * 7
