from itertools import pairwise

import msgspec
import pytest
from prometheus_client.core import Metric

from cdc_consumer.events import Event
from cdc_consumer.hops import (
    BOUNDS_US,
    HOPS,
    NEGATIVE_SECONDS,
    HopHistograms,
    durations,
    geometric,
)
from tests.unit.consumer.builders import CONSUMED_US, KAFKA_MS, event

ACKNOWLEDGED_US = CONSUMED_US + 4_000


def named(item: Event) -> dict[str, float]:
    return {HOPS[hop]: duration for hop, duration in durations(item, ACKNOWLEDGED_US)}


def buckets(histograms: HopHistograms, hop: str) -> list[tuple[float, float]]:
    """Return the upper bounds in seconds and the cumulative counts of a hop."""
    family, _ = histograms.collect()
    return [
        (float(sample.labels["le"]), sample.value)
        for sample in family.samples
        if sample.name.endswith("_bucket") and sample.labels["hop"] == hop
    ]


def test_each_hop_is_measured_between_its_two_clocks() -> None:
    assert named(event()) == {
        "source_to_debezium": 10_000,
        "debezium_to_kafka": 10_500,  # the middle of Kafka's millisecond
        "kafka_to_consumer": 9_500,
        "consumer_to_mongodb": 4_000,
        "total": 34_000,
    }


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"source_us": None}, {"source_to_debezium", "total"}),
        ({"debezium_us": None}, {"source_to_debezium", "debezium_to_kafka"}),
        (
            {"source_us": None, "debezium_us": None},
            {"source_to_debezium", "debezium_to_kafka", "total"},
        ),
    ],
    ids=["source", "debezium", "both"],
)
def test_a_hop_without_its_times_is_left_out(changes: dict[str, None], missing: set[str]) -> None:
    item = msgspec.structs.replace(event(), **changes)
    assert set(HOPS) - set(named(item)) == missing


def test_the_bounds_are_fine_enough_for_a_percentile_within_five_percent() -> None:
    assert (BOUNDS_US[0], BOUNDS_US[-1]) == (100.0, 120e6)
    ratios = [higher / lower for lower, higher in pairwise(BOUNDS_US)]
    assert min(ratios) > 1
    assert max(ratios) <= 1.05 + 1e-9


@pytest.mark.parametrize(
    ("lowest", "highest", "expected"),
    [(1.0, 8.0, (1, 2, 4, 8)), (1.0, 9.0, (1, 2, 4, 8, 9)), (1.0, 1.5, (1, 1.5))],
)
def test_geometric_bounds_end_with_the_highest(
    lowest: float, highest: float, expected: tuple[float, ...]
) -> None:
    assert geometric(lowest, highest, 2.0) == expected


@pytest.mark.parametrize(
    "microseconds", [100, 101, 5_000, 250_000, 1_000_000, 119_000_000, 120_000_000]
)
def test_an_observation_falls_into_the_bucket_around_it(microseconds: int) -> None:
    histograms = HopHistograms()
    histograms.observe([event()], CONSUMED_US + microseconds)
    found = buckets(histograms, "consumer_to_mongodb")
    upper = next(bound for bound, count in found if count == 1)
    # The bound is a text of six digits.
    assert upper >= microseconds / 1e6 * (1 - 1e-5)
    assert upper <= microseconds / 1e6 * 1.05 + 1e-9
    assert found[-1] == (float("inf"), 1)


@pytest.mark.parametrize(
    ("microseconds", "bound"),
    [
        pytest.param(-500, 0.0001, id="a negative time counts in the lowest"),
        pytest.param(120_000_001, float("inf"), id="beyond the last bound"),
    ],
)
def test_an_observation_outside_the_bounds_is_counted_at_the_end(
    microseconds: int, bound: float
) -> None:
    histograms = HopHistograms()
    histograms.observe([event()], CONSUMED_US + microseconds)
    assert next(le for le, count in buckets(histograms, "consumer_to_mongodb") if count) == bound


def sums(family: Metric) -> dict[str, float]:
    return {
        sample.labels["hop"]: sample.value
        for sample in family.samples
        if sample.name.endswith("_sum")
    }


def test_sums_are_in_seconds_and_negative_values_are_separate() -> None:
    histograms = HopHistograms()
    histograms.observe([event(), event()], ACKNOWLEDGED_US)
    histograms.observe([event()], KAFKA_MS * 1000)  # acknowledged 10 ms before it was consumed
    times, negative = histograms.collect()
    assert sums(times)["consumer_to_mongodb"] == pytest.approx(0.008)
    assert sums(times)["total"] == pytest.approx(0.034 * 2 + 0.020)
    expected = dict.fromkeys(HOPS, 0.0) | {"consumer_to_mongodb": pytest.approx(0.010)}
    assert sums(negative) == expected


@pytest.mark.parametrize(
    ("microseconds", "beyond"),
    [(500, 0), (501, 1)],
    ids=["half of Kafka's millisecond", "more than that"],
)
def test_a_clock_that_is_off_is_distinguished_from_one_that_is_coarse(
    microseconds: int, beyond: int
) -> None:
    histograms = HopHistograms()
    histograms.observe([event()], CONSUMED_US - microseconds)
    _, negative = histograms.collect()
    counts = {
        sample.labels["le"]: sample.value
        for sample in negative.samples
        if sample.name.endswith("_bucket") and sample.labels["hop"] == "consumer_to_mongodb"
    }
    assert counts["+Inf"] - counts[str(NEGATIVE_SECONDS[0])] == beyond
