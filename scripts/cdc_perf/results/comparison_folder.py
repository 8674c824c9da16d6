"""The folder of one comparison: `<results>/comparisons/<id>/`."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.files import NOT_JSON
from cdc_perf.results.comparison import Comparison

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

    def read(self) -> Comparison:
        """Return what was measured.

        Raises:
            UsageFailure: There is no comparison.json, or it is of another version or broken.
        """
        try:
            return msgspec.json.decode(self.record.read_bytes(), type=Comparison)
        except OSError as error:
            raise UsageFailure(f"{self.record}: {error.strerror}") from None
        except NOT_JSON as error:
            raise UsageFailure(f"{self.record}: {error}") from None

    @classmethod
    def create(cls, results: Path, now: datetime) -> "ComparisonFolder":
        """Create a folder with a new name that sorts by time, as that of a run."""
        stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        path = results / COMPARISONS / f"{stamp}-{secrets.token_hex(2)}"
        path.mkdir(parents=True)
        return cls(path)
