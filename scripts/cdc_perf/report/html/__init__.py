"""report.html: a run in one file that needs nothing else, neither a network nor JavaScript."""
