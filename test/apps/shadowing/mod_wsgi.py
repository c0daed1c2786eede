"""Not the module that mod_wsgi knows by this name."""

OWN = "my mod_wsgi"
