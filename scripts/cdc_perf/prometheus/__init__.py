"""What a run sends to Prometheus: samples, threshold states, and the verdict."""
