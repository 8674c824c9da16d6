"""The settings: pipeline, scenarios, metrics, and thresholds, all as frozen values."""
