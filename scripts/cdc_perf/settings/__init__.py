"""What was asked for: pipeline, scenarios, metrics, thresholds, all as frozen values."""
