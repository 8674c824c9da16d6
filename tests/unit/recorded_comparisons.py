"""Comparisons of two versions, as an artifact has them."""

from pathlib import Path

from msgspec.structs import replace

from cdc_perf.perf.comparison.settings import RATE, SLICE_SECONDS
from cdc_perf.results.comparison import Comparison, Version
from cdc_perf.results.comparison_folder import ComparisonFolder
from tests.unit.version_comparisons import comparison_of, start_of

ID = "20261129T120000Z-abcd"
STARTS, SLICES = 8, 8
# Of which no change can be found.
FEW = 2


def comparison(ratio: float = 1.0, *, starts: int = STARTS) -> Comparison:
    """Return a comparison whose head takes `ratio` times as long as its base."""
    made = (start_of(number, ratio, SLICES) for number in range(1, starts + 1))
    return replace(comparison_of(*made), rate=RATE, slice_seconds=SLICE_SECONDS)


def of_commits(found: Comparison, base: str, head: str) -> Comparison:
    versions = (Version(name=commit, commit=commit) for commit in (base, head))
    return replace(found, **dict(zip(("base", "head"), versions, strict=True)))


def without_valid_slices(found: Comparison, why: str = "the load generator was slow") -> Comparison:
    starts = tuple(
        replace(start, slices=tuple(replace(x, invalid=why) for x in start.slices))
        for start in found.starts
    )
    return replace(found, starts=starts)


def write_comparison(comparisons: Path, found: Comparison) -> Path:
    """Write a comparison into the folder of all comparisons, with its report and a log."""
    folder = ComparisonFolder(comparisons / found.comparison_id)
    found.write(folder.record)
    folder.report.write_text("<!doctype html>\n", encoding="utf-8")
    for path in (folder.logs / "base-up.log", folder.k6 / "points.json.gz"):
        path.parent.mkdir()
        path.write_text("made up\n", encoding="utf-8")
    return folder.path
