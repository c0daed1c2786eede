"""State that applications of one interpreter share, and those of different ones do not."""

visits: list[str] = []
imported: list[str] = []
