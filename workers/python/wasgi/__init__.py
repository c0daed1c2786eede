"""The Python half of wasgi: serves one WSGI application inside the guest interpreter.

Only `boundary` knows Pyodide and the host; every other module also runs under a native Python.
"""
