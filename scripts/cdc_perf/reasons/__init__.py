"""The catalog of reasons: why a gate, a threshold, or a scenario fails, as values with texts."""
