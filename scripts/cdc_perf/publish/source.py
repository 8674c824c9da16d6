"""Which results are meant by the RUN of `inv publish`."""

from collections.abc import Collection
from pathlib import Path

from cdc_perf.runs.loader import read_attempts
from cdc_perf.runs.resolve import results_folder
from cdc_perf.runs.run_set import RunSet


def local_results(results: Path, run: str, scenarios: Collection[str]) -> RunSet:
    """Return what a run id, `latest`, a run's folder, or a folder of such folders stands for.

    Raises:
        UsageFailure: There is no such thing; the line has the nearest run ids.
    """
    return read_attempts(results_folder(results, run), scenarios)
