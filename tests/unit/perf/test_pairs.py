"""What is compared of runs that are made in turn."""

from dataclasses import replace
from pathlib import Path

import pytest

from scripts.perf.pairs import figures_of
from scripts.results.hops import Hops
from scripts.results.run_folder import RunFolder
from tests.unit.measured import way
from tests.unit.recorded_runs import row, spoil, write_run

LATENCIES = {"baseline e2e p50": 36.4, "baseline e2e p95": 51.2, "baseline e2e p99": 73.0}


def figures(tmp_path: Path, hops: Hops | None) -> dict[str, float]:
    rows = [row("health-check"), replace(row("baseline"), hops=hops)]
    return dict(figures_of(RunFolder(write_run(tmp_path, rows))))


def test_the_percentiles_and_the_means_of_the_hops(tmp_path: Path) -> None:
    assert figures(tmp_path, way(4, 3, 1, 2)) == {
        **LATENCIES,
        "baseline PostgreSQL to Debezium mean": 4,
        "baseline Debezium to Kafka mean": 3,
        "baseline Kafka to consumer mean": 1,
        "baseline consumer to MongoDB mean": 2,
        "baseline commit to MongoDB mean": 10,
    }


@pytest.mark.parametrize(
    "hops",
    [None, way(4, 3, 1, 2, negative={"source_to_debezium": 1})],
    ids=["nobody looked", "clocks differ"],
)
def test_hops_that_tell_nothing_are_left_out(tmp_path: Path, hops: Hops | None) -> None:
    assert figures(tmp_path, hops) == LATENCIES


def test_hops_of_another_version_are_left_out(tmp_path: Path) -> None:
    folder = write_run(tmp_path, [replace(row("baseline"), hops=way(4, 3, 1, 2))])
    spoil(folder / "baseline" / "hops.json", schema_version=99)
    assert figures_of(RunFolder(folder)) == LATENCIES


def test_what_has_no_logarithm_is_left_out(tmp_path: Path) -> None:
    """By Kafka's whole milliseconds next to nothing can seem to be less than nothing."""
    found = figures(tmp_path, way(4, -0.02, 1, 2))
    assert "baseline Debezium to Kafka mean" not in found
    assert "baseline Kafka to consumer mean" in found
