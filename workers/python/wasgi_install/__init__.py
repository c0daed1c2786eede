"""Chooses packages from an index and unpacks them into a staging folder, inside the installer's
interpreter. It never runs anything that it downloads, and reaches the host through host.py alone.
"""
