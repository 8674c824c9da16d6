"""The files that k6 leaves of one scenario."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ScenarioFiles:
    """A scenario's folder in a run folder."""

    folder: Path

    @property
    def points(self) -> Path:
        """Every sample, as k6's JSON output writes them, gzipped by k6 itself."""
        return self.folder / "points.json.gz"

    @property
    def gauges(self) -> Path:
        """What the stack showed of itself each second, in the form of k6's points."""
        return self.folder / "gauges.json.gz"

    @property
    def summary(self) -> Path:
        """What k6/scripts/lib/report.js makes of the samples."""
        return self.folder / "summary.json"

    @property
    def series(self) -> Path:
        """What every metric did second by second (scripts/cdc_perf/results/points/series.py)."""
        return self.folder / "series.parquet"

    @property
    def hops(self) -> Path:
        """What each hop took of the scenario's events (scripts/cdc_perf/results/hops.py)."""
        return self.folder / "hops.json"

    @property
    def ledger(self) -> Path:
        """What PostgreSQL has acknowledged to k6, a line for each row (k6/extension/ledger.go)."""
        return self.folder / "ledger.tsv"

    @property
    def integrity(self) -> Path:
        """What the drain and the comparison of PostgreSQL, topics and MongoDB came to."""
        return self.folder / "integrity.json"

    @property
    def log(self) -> Path:
        """What k6 printed."""
        return self.folder / "k6.log"

    @property
    def verdict(self) -> Path:
        """What the harness makes of the summary."""
        return self.folder / "verdict.json"
