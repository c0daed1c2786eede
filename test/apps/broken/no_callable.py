"""Has no application under any of the usual names."""

application_name = "none"
app = "not callable"
