"""Faults that a run injects into the pipeline under load, and how it recovers from them."""
