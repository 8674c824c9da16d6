"""The folder of one comparison: `<results>/comparisons/<id>/`."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cdc_perf.results.run_folder import new_folder

COMPARISONS = "comparisons"


@dataclass(frozen=True)
class ComparisonFolder:
    """The paths of one comparison's files."""

    path: Path

    @property
    def comparison_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def record(self) -> Path:
        """What was measured (results/comparison.py)."""
        return self.path / "comparison.json"

    @property
    def answer(self) -> Path:
        """What that shows (verdict/comparison.py)."""
        return self.path / "answer.json"

    @property
    def report(self) -> Path:
        """The whole report in one page."""
        return self.path / "report.html"

    @property
    def summary(self) -> Path:
        """The answer, for people."""
        return self.path / "summary.md"

    @property
    def logs(self) -> Path:
        """The output of the commands that start and stop the stacks, and the components' logs."""
        return self.path / "logs"

    @property
    def k6(self) -> Path:
        """The files of k6 of the last start."""
        return self.path / "k6"

    @classmethod
    def create(cls, results: Path, now: datetime) -> "ComparisonFolder":
        """Create a folder with a new name that sorts by time, as that of a run."""
        return cls(new_folder(results / COMPARISONS, now))
