"""What a scenario measured, read from k6's files."""
