"""k6's raw points: every sample of a scenario, read whole or as far as they go."""
