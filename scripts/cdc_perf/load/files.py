"""The files of one scenario."""

from dataclasses import dataclass
from pathlib import Path

LEDGER = "ledger.tsv"


@dataclass(frozen=True)
class ScenarioFiles:
    """A scenario's folder in a run folder."""

    folder: Path

    def workload(self, number: int = 0) -> Path:
        """Return the plan that k6 executes, or a further one that the health check tries.

        Their form is that of scripts/cdc_perf/workload/load_plan.py.
        """
        return self.folder / (f"workload-{number + 1}.json" if number else "workload.json")

    @property
    def points(self) -> Path:
        """Every sample, in k6's JSON output, gzipped by k6."""
        return self.folder / "points.json.gz"

    @property
    def gauges(self) -> Path:
        """The stack's gauges each second, in the format of k6's points."""
        return self.folder / "gauges.json.gz"

    @property
    def summary(self) -> Path:
        """The summary that k6/scripts/lib/report.js writes."""
        return self.folder / "summary.json"

    @property
    def series(self) -> Path:
        """Every metric second by second (scripts/cdc_perf/results/points/series.py)."""
        return self.folder / "series.parquet"

    @property
    def hops(self) -> Path:
        """The time per hop of the scenario's events (scripts/cdc_perf/results/hops.py)."""
        return self.folder / "hops.json"

    @property
    def ledger(self) -> Path:
        """The writes that PostgreSQL acknowledged, one row per line (k6/extension/ledger.go)."""
        return self.folder / LEDGER

    @property
    def integrity(self) -> Path:
        """The result of the data-loss check of PostgreSQL, topics, and MongoDB."""
        return self.folder / "integrity.json"

    @property
    def injections(self) -> Path:
        """The faults that were injected (scripts/cdc_perf/faults/records.py)."""
        return self.folder / "injections.json"

    @property
    def recovery(self) -> Path:
        """How the pipeline recovered from them (scripts/cdc_perf/faults/recovery.py)."""
        return self.folder / "recovery.json"

    @property
    def steady(self) -> Path:
        """The summary without the time from each fault to its recovery; only with faults."""
        return self.folder / "steady.json"

    @property
    def judged_summary(self) -> Path:
        """The summary that latencies and errors are judged by."""
        return self.steady if self.steady.exists() else self.summary

    @property
    def log(self) -> Path:
        """k6's output."""
        return self.folder / "k6.log"

    @property
    def verdict(self) -> Path:
        """The verdict on the scenario."""
        return self.folder / "verdict.json"
