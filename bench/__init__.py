"""Benchmarks of the harness and the embedded stack."""
