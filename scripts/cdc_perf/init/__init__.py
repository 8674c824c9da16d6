"""`inv init`: an existing database becomes a pipeline's folder."""
