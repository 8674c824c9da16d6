"""k6: the command, its progress, and its files."""
