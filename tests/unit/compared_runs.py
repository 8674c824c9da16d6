"""Two runs of which the later one is slower, with the seconds of each."""

from pathlib import Path

from tests.unit.recorded_runs import FAST, SLOW, row, write_run
from tests.unit.series_files import load, series_of

SECONDS = 30
BEFORE_MS, NOW_MS = 20.0, 45.0


def two_runs(results: Path) -> tuple[Path, Path]:
    """Write a base, fast, and a head, slow, and return their folders."""
    folders = []
    for number, (metrics, latency) in enumerate(((FAST, BEFORE_MS), (SLOW, NOW_MS))):
        folder = write_run(results, [row("health-check"), row("baseline", metrics)], number)
        points = load(SECONDS, 10, warm_up=3, latency=latency)
        series_of(folder / "baseline" / "series.parquet", points)
        folders.append(folder)
    return folders[0], folders[1]
