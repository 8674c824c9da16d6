"""Thresholds on the lag and the slot of a reader that commits rarely, in simulated runs."""

from collections.abc import Sequence

import pytest

from cdc_perf.reasons import thresholds
from cdc_perf.results.points.gauges import StackSeries
from cdc_perf.settings.executors import ConstantVus, LoadShape, RampingVus, Stage
from cdc_perf.settings.metrics import COMMIT_SERIES, CONSUMER_LAG, SLOT_RETAINED_BYTES
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.stack.commits import CommitTracker, Position
from cdc_perf.verdict.points import StackMetrics
from cdc_perf.verdict.stack_thresholds import judge_stack_threshold
from cdc_perf.verdict.threshold_result import JudgedThreshold
from tests.unit.measured import stack_threshold

RATE = 20


def sampled(
    seconds: int, every: int, *, first: int, truth: Sequence[int] = (), metric: str = CONSUMER_LAG
) -> StackSeries:
    """Return the series of a reader under load, as the harness samples them.

    Args:
        seconds: The length of the load.
        every: The seconds between two commits.
        first: The time of the first one.
        truth: What the reader has really not applied, by second; 0 without a value.
        metric: The metric.
    """
    tracker, committed, names = CommitTracker(), 0, COMMIT_SERIES[metric]
    values: dict[str, list[tuple[float, float]]] = {
        metric: [],
        names.confirmed: [],
        names.seconds: [],
    }
    for second in range(seconds + 1):
        end = RATE * (second + 1)
        if second >= first and (second - first) % every == 0:
            committed = end - (truth[second] if second < len(truth) else 0)
        behind = end - committed
        found = tracker.observe(second, {0: Position(behind, committed, caught_up=False)})
        values[metric].append((second, behind))
        values[names.seconds].append((second, found.commit_seconds))
        if found.behind is not None:
            values[names.confirmed].append((second, found.behind))
    return StackSeries(float(seconds), {name: tuple(each) for name, each in values.items()})


def judged(
    threshold: Threshold, series: StackSeries, executor: LoadShape | None = None
) -> JudgedThreshold:
    load = executor or ConstantVus(vus=1, duration=f"{series.seconds:g}s")
    return judge_stack_threshold(threshold, StackMetrics(series, load))


@pytest.mark.parametrize("metric", [CONSUMER_LAG, SLOT_RETAINED_BYTES])
@pytest.mark.parametrize("stat", ["max", "avg", "value", "min"])
def test_a_sawtooth_breaks_no_threshold(metric: str, stat: str) -> None:
    series = sampled(300, every=60, first=17, metric=metric)
    assert max(value for _, value in series.samples[metric]) == 59 * RATE
    result = judged(stack_threshold(metric, f"{stat}<=10"), series).result
    assert (result.ok, result.observed, result.samples) == (True, 0, 5)


def test_a_backlog_at_a_commit_breaks_it() -> None:
    series = sampled(300, every=60, first=17, truth=[0] * 100 + [5000] * 60)
    found = judged(stack_threshold(CONSUMER_LAG, "max<=1000"), series)
    assert (found.result.ok, found.result.observed) == (False, 5000)


def test_a_run_without_a_commit_is_no_data() -> None:
    series = sampled(59, every=600, first=600)
    found = judged(stack_threshold(CONSUMER_LAG, "max<=10"), series)
    assert (found.result.ok, found.result.samples) == (None, 0)
    assert found.reason == thresholds.no_commit(metric=CONSUMER_LAG, seconds=59)


def test_a_reader_that_is_stuck_is_judged_when_its_commit_is_overdue() -> None:
    series = sampled(300, every=600, first=600)
    found = judged(stack_threshold(CONSUMER_LAG, "max<=1000"), series)
    assert (found.result.ok, found.result.observed) == (False, 301 * RATE)


@pytest.mark.parametrize(("stat", "needed"), [("p95", 60), ("growth_per_hour", 300)])
def test_too_few_commits_are_no_data(stat: str, needed: int) -> None:
    series = sampled(600, every=60, first=17)
    found = judged(stack_threshold(CONSUMER_LAG, f"{stat}<=100"), series)
    assert found.result.ok is None
    assert found.reason == thresholds.too_few_commits(
        metric=CONSUMER_LAG, stat=stat, samples=10, needed=needed, every=60
    )


@pytest.mark.parametrize(("a_commit", "ok"), [(0, True), (1, False)])
def test_growth_is_that_of_the_low_points(a_commit: int, *, ok: bool) -> None:
    """A backlog that grows by one event each commit of 5 s grows by 720 an hour."""
    truth = [a_commit * (second // 5) for second in range(1900)]
    series = sampled(1900, every=5, first=2, truth=truth)
    found = judged(stack_threshold(CONSUMER_LAG, "growth_per_hour<=100"), series)
    assert found.result.ok is ok
    assert found.result.observed == pytest.approx(720 * a_commit)
    assert found.result.samples == 380


def test_frequent_commits_leave_every_sample() -> None:
    series = sampled(300, every=2, first=1)
    found = judged(stack_threshold(CONSUMER_LAG, f"max<={RATE}"), series)
    assert (found.result.observed, found.result.samples) == (RATE, 301)


SPIKE = RampingVus(
    start_vus=1, stages=(Stage("100s", 1), Stage("5s", 50), Stage("10s", 50), Stage("285s", 1))
)


@pytest.mark.parametrize(
    ("back_at", "limit", "ok"),
    [
        # The load falls from 115 s on; commits are at 37, 97, 157, 217, 277, ...
        (130, "value<=60", True),
        (130, "value<=30", None),
        (170, "value<=41", False),
        (170, "value<=60", None),
        (170, "value<=110", True),
    ],
)
def test_the_lag_recovers_between_two_commits(back_at: int, limit: str, *, ok: bool | None) -> None:
    truth = [0] * 100 + [900] * (back_at - 100)
    series = sampled(400, every=60, first=37, truth=truth)
    threshold = stack_threshold("lag_recovery_seconds", limit)
    found = judged(threshold, series, SPIKE)
    assert found.result.ok is ok
    if ok is None:
        low, high = (0, 42) if back_at == 130 else (42, 102)
        assert found.reason == thresholds.lag_recovery_between_commits(
            low=low, high=high, threshold=threshold.limit
        )


def test_without_a_commit_before_the_peak_there_is_no_level() -> None:
    found = judged(
        stack_threshold("lag_recovery_seconds", "value<=60"),
        sampled(400, every=60, first=101),
        SPIKE,
    )
    assert found.reason == thresholds.lag_recovery_without_commit(
        metric="lag_recovery_seconds", every=60
    )
