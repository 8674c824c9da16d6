"""What a scenario measured, read from the files that k6 left."""
