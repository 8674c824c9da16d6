"""The harness: starts a CDC pipeline, loads it with k6, judges it, and reports.

The layers in pyproject.toml name the packages, from the one that everything may import to the one
that imports everything; `lint-imports` enforces their order.
"""
