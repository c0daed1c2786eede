"""Not what a folder is searched for first: wsgi.py and app.py come before it."""

raise RuntimeError("main.py was imported")
