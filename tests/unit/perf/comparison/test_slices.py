"""The slices of a start, from points."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc_perf.perf.comparison.load import Load
from cdc_perf.perf.comparison.slices import read_slices
from cdc_perf.results.comparison import HopTime, Side, Slice
from tests.unit.points import Point, percentile, write_points

TYPES = {
    "cdc_e2e_latency": "trend",
    "pg_write_duration": "trend",
    "generator_delay": "trend",
    "cdc_success_rate": "rate",
    "dropped_iterations": "counter",
}
RATE, SLICE_MS = 30, 5000
LOAD = Load(
    warm_up_ms=10_000,
    warm_up_rate=60,
    rate=RATE,
    slice_ms=SLICE_MS,
    order=[Side.BASE, Side.HEAD],
    ready_vus=60,
    most_vus=360,
    sides={},
)
COUNT = RATE * SLICE_MS // 1000
HOPS = {"total": HopTime(mean=9.5, events=COUNT)}


def latency(number: int, index: int) -> float:
    return 10 + number + index / 10


def points(*, count: int = COUNT, delay: float = 1, failed: int = 0) -> Iterator[Point]:
    """Yield the points of a warm-up of a second and two slices; the faults are in the second."""
    for index in range(60):
        yield Point("cdc_e2e_latency", 500, index, {"slice": "warm-up", "side": "base"})
    for number in range(2):
        tags = {"slice": str(number), "side": LOAD.order[number]}
        for index in range(count if number else COUNT):
            began = 20_000_000 + number * SLICE_MS * 1000 + index * 1_000_000 // RATE
            value = latency(number, index)
            ended = round(began + value * 1000)
            yield Point("cdc_e2e_latency", value, ended, tags)
            yield Point("pg_write_duration", 0.5 + number, ended, tags)
            yield Point("cdc_success_rate", float(not number or index >= failed), ended, tags)
            yield Point("generator_delay", delay if number else 1, ended, tags)


def read(path: Path, *, dropped: int = 0, **faults: float) -> tuple[Slice, ...]:
    lost = [Point("dropped_iterations", dropped, 26_000_000)] if dropped else []
    found = [*points(**faults), *lost]  # type: ignore[arg-type]
    file = write_points(path / "points.json.gz", found, TYPES)
    return read_slices(file, LOAD, {0: HOPS})


def test_the_figures_of_a_slice_are_those_of_its_samples(tmp_path: Path) -> None:
    base, head = read(tmp_path)
    assert (base.side, head.side) == (Side.BASE, Side.HEAD)
    assert (base.began, head.began) == (10, 15)
    for number, each in enumerate((base, head)):
        values = [latency(number, index) for index in range(COUNT)]
        assert each.samples == COUNT == sum(each.latencies.values())
        assert each.p50 == pytest.approx(percentile(values, 0.5))
        assert each.p95 == pytest.approx(percentile(values, 0.95))
        assert each.write_p50 == pytest.approx(0.5 + number)
        assert (each.failed, each.invalid) == (0, "")
    assert (base.hops, head.hops) == (HOPS, {})


@pytest.mark.parametrize(
    "fault", [{"dropped": 1}, {"delay": 50}, {"count": COUNT - 4}, {"count": 0}]
)
def test_a_slice_that_cannot_be_trusted_is_invalid(tmp_path: Path, fault: dict[str, int]) -> None:
    base, head = read(tmp_path, **fault)
    assert not base.invalid
    assert head.invalid


def test_failed_changes_are_counted(tmp_path: Path) -> None:
    _, head = read(tmp_path, failed=3)
    assert (head.failed, head.samples, head.invalid) == (3, COUNT, "")


def test_too_few_samples_have_no_p95(tmp_path: Path) -> None:
    _, head = read(tmp_path, count=59)
    assert head.p50 is not None
    assert head.p95 is None
