"""report.html: a run in one file that works without a network and without JavaScript."""
