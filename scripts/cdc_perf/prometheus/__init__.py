"""What a run sends to Prometheus: samples, states of thresholds, and the verdict."""
