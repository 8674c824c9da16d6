"""A run's folder in the results folder."""

import os
import re
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.files import make_folder
from cdc_perf.load.files import ScenarioFiles

LATEST = "latest"
RUN_ID_PATTERN = r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}"
_MIB = 1024**2
# An hour of 100 iterations per second. k6 only logs that it could not write a point.
_ROOM = 100 * _MIB


def check_results_folder(results: Path) -> None:
    """Create the results folder if needed, and check that it has room for a run.

    Raises:
        UsageFailure: If it is not writable.
        StackFailure: If its disk is almost full.
    """
    another = "set RESULTS_DIR to another folder"
    try:
        make_folder(results)
        tempfile.TemporaryFile(dir=results).close()
    except OSError as error:
        raise UsageFailure(
            f"the results folder {results} is not writable: {error.strerror}",
            hint=f"make it writable, or {another}",
        ) from None
    free = shutil.disk_usage(results).free
    if free < _ROOM:
        raise StackFailure(
            f"the results folder {results} has {free / _MIB:.1f} MiB of free space; a run needs "
            f"{_ROOM / _MIB:.0f} MiB",
            hint=f"free disk space, or {another}",
        )


def new_folder(parent: Path, now: datetime) -> Path:
    """Create a folder with a new run id as its name."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = parent / f"{stamp}-{secrets.token_hex(2)}"
    path.mkdir(parents=True)
    return path


def is_run_id(name: str) -> bool:
    """Return whether a name is a valid run id."""
    return re.fullmatch(RUN_ID_PATTERN, name) is not None


def run_folders(folder: Path) -> list[Path]:
    """Return the run folders within a folder, oldest first; empty if the folder does not exist."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if is_run_id(path.name) and path.is_dir())


@dataclass(frozen=True)
class RunFolder:
    """The paths of one run's files."""

    path: Path

    @property
    def run_id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def manifest(self) -> Path:
        """What ran, where, and the run's status."""
        return self.path / "run.json"

    @property
    def verdict(self) -> Path:
        """The verdict on the run."""
        return self.path / "verdict.json"

    @property
    def summary(self) -> Path:
        """The results, for people."""
        return self.path / "summary.md"

    @property
    def report(self) -> Path:
        """The whole report in one page."""
        return self.path / "report.html"

    @property
    def junit(self) -> Path:
        """The thresholds and gates as test cases."""
        return self.path / "junit.xml"

    @property
    def logs(self) -> Path:
        """The components' logs of the run."""
        return self.path / "logs"

    def scenario(self, name: str) -> ScenarioFiles:
        """Return a scenario's files."""
        return ScenarioFiles(self.path / name)

    @classmethod
    def create(cls, results: Path, now: datetime) -> "RunFolder":
        """Create a folder with a new name that sorts by time: `20261122T020000Z-3f9a`."""
        return cls(new_folder(results, now))

    def point_latest(self) -> None:
        """Point the link `latest`, next to the folder, to it."""
        link = self.path.parent / f".{LATEST}.{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(self.run_id)
        link.replace(self.path.parent / LATEST)
