"""Check whether the pipeline lost, repeated, reordered, or changed data: drain, then compare."""
