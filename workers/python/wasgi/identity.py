"""Who this interpreter is, in mod_wsgi's words: what `import mod_wsgi` tells, and the `mod_wsgi.*` keys
that are the same for all of its requests.
"""

from collections.abc import Mapping
from typing import Any, Final

VERSION: Final = (6, 0, 5)
"""The mod_wsgi whose interface this is."""

THREADS: Final = 1
"""Requests that an interpreter runs at a time."""


class Identity:
    """What the host has said of this interpreter; anew after each restore."""

    process_group = ""
    """Empty in embedded mode."""
    application_group = ""
    """Empty for %{GLOBAL}."""
    maximum_processes = 1
    server_pid = ""
    script_reloading = False

    def take(self, settings: Mapping[str, Any]) -> None:
        """Become who the host says."""
        self.process_group = settings["process_group"]
        self.application_group = settings["application_group"]
        self.maximum_processes = settings["processes"]
        self.server_pid = str(settings["pid"])
        self.script_reloading = settings.get("script_reloading", False)

    def environ(self) -> dict[str, Any]:
        """The keys of every environ."""
        keys: dict[str, Any] = {
            "mod_wsgi.version": VERSION,
            "mod_wsgi.process_group": self.process_group,
            "mod_wsgi.application_group": self.application_group,
            "mod_wsgi.request_handler": "wsgi-script",
            "mod_wsgi.handler_script": "",
            "mod_wsgi.server_pid": self.server_pid,
            "mod_wsgi.thread_id": THREADS,
            # Older than 6.0, and still read: whether touching the script reloads the application.
            "mod_wsgi.script_reloading": "1" if self.script_reloading else "0",
        }
        if not self.process_group:
            # No daemon, and so no time at which one was asked.
            keys["mod_wsgi.queue_start"] = 0.0
            keys["mod_wsgi.daemon_start"] = 0.0
        return keys


CURRENT: Final = Identity()
