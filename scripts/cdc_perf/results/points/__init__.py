"""k6's raw points: every sample of a scenario, as far as the files can be read."""
