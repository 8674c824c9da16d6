"""k6: the command, its progress and what it leaves behind."""
