"""The harness: brings a CDC pipeline up, loads it with k6, judges it and reports.

The rooms, in the direction in which data flows: settings, tools, stack, load, results, verdict,
report, perf, tasks. Each imports only from those before it; `lint-imports` holds that.
"""
