"""Limits on hops: the samples they need, their intervals, and clocks that make them void."""

from dataclasses import replace
from math import inf

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.load.hops import HopMeasurements
from cdc_perf.reasons import gates, thresholds
from cdc_perf.settings.hops import HOPS, RECORD_HOPS, TOTAL, Hop
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.records import ScenarioVerdict
from cdc_perf.verdict.threshold_result import broken_threshold
from tests.unit.measured import GOOD, evidence, hop_threshold, hops_seen, summary

FIRST, SECOND, THIRD, FOURTH = HOPS


def judged(seen: HopMeasurements, hop: Hop, *expressions: str) -> ScenarioVerdict:
    limits = [hop_threshold(hop, expression) for expression in expressions]
    return judge(replace(evidence("baseline", limits, summary(GOOD)), hops=seen))


def test_a_percentile_of_a_hop_has_its_interval_from_bucket_to_bucket() -> None:
    seen = hops_seen(FIRST, {(9.0, 9.5): 900, (9.5, 10.0): 60, (10.0, 10.5): 40}, 9.3)
    (result,) = judged(seen, FIRST, "p95<=10").thresholds
    assert (result.ok, result.samples) == (True, 1000)
    assert result.observed == pytest.approx(9.747, abs=0.001)
    assert result.interval is not None
    assert (result.interval.low, result.interval.high) == (9.5, 10.5)


def test_the_mean_is_exact_and_has_no_interval() -> None:
    verdict = judged(hops_seen(TOTAL, {(9.0, 9.5): 10}, 9.3), TOTAL, "avg<=9")
    (result,) = verdict.thresholds
    assert (result.ok, result.observed, result.interval) == (False, 9.3, None)
    assert verdict.reasons == (broken_threshold(hop_threshold(TOTAL, "avg<=9"), 9.3, 10),)


def test_too_few_events_say_how_long_to_run() -> None:
    verdict = judged(hops_seen(FIRST, {(9.0, 9.5): 100}, 9.3), FIRST, "p99<=100")
    assert verdict.exit_code is ExitCode.NO_DATA
    (reason,) = verdict.reasons
    assert reason.code == "too_few_samples"
    assert (reason.params["needed"], reason.params["run_for"]) == (300, "3m")


def test_why_there_is_nothing_to_judge_is_reported() -> None:
    silent = HopMeasurements(fault="the consumer does not answer")
    assert judged(silent, FIRST, "p99<=100").reasons == (
        thresholds.hop_not_measured(metric=FIRST.metric, why="the consumer does not answer"),
    )
    idle = HopMeasurements(fault="")
    assert judged(idle, FIRST, "p99<=100").reasons == (
        thresholds.hop_without_events(metric=FIRST.metric),
    )


@pytest.mark.parametrize(("expression", "ok"), [("p50<=1000", False), ("p50<=200000", None)])
def test_what_the_histogram_does_not_reach_is_broken_or_unknown(
    *, expression: str, ok: bool | None
) -> None:
    seen = hops_seen(FIRST, {(120_000.0, inf): 10}, 300_000.0)
    verdict = judged(seen, FIRST, expression)
    (result,) = verdict.thresholds
    assert (result.ok, result.observed) == (ok, 120_000)
    code = "threshold_broken" if ok is False else "hop_beyond_histogram"
    assert [reason.code for reason in verdict.reasons] == [code]


@pytest.mark.parametrize(
    ("negative", "limited", "code"),
    [
        pytest.param(FIRST, FIRST, ExitCode.INVALID, id="the hop itself"),
        pytest.param(FIRST, THIRD, ExitCode.INVALID, id="another with one of the two clocks"),
        pytest.param(FIRST, TOTAL, ExitCode.INVALID, id="the whole way"),
        pytest.param(FIRST, SECOND, ExitCode.PASS, id="a hop of one clock alone"),
        pytest.param(FIRST, FOURTH, ExitCode.PASS, id="a hop of another clock"),
    ],
)
def test_clocks_that_differ_void_the_limits_that_rest_on_them(
    negative: Hop, limited: Hop, code: ExitCode
) -> None:
    off = hops_seen(negative, {(0.0, 0.1): 540}, -2000.0, negative=540)
    sound = hops_seen(limited, {(9.0, 9.5): 540}, 9.3)
    both = replace(off.steady, hops={**sound.steady.hops, **off.steady.hops})
    verdict = judged(replace(off, steady=both), limited, "p50<=100")
    assert verdict.exit_code is code
    if code is ExitCode.INVALID:
        behind = gates.clock_behind(
            hop=FIRST.title,
            sender="PostgreSQL",
            receiver="Kafka Connect",
            events=540,
            negative=540,
            mean_ms=2000.0,
        )
        assert verdict.reasons[0] == gates.hop_clocks_differ(
            clocks=[behind.text], metrics=[limited.metric]
        )


@pytest.mark.parametrize(
    ("limited", "code"),
    [
        (RECORD_HOPS.hops[2], ExitCode.INVALID),
        (RECORD_HOPS.total, ExitCode.INVALID),
        (RECORD_HOPS.hops[0], ExitCode.PASS),
    ],
)
def test_k6_s_clock_voids_limits_on_the_hops_that_it_ends(limited: Hop, code: ExitCode) -> None:
    sink = RECORD_HOPS.hops[2]
    off = hops_seen(sink, {(0.0, 0.1): 540}, -2000.0, negative=540)
    sound = hops_seen(limited, {(9.0, 9.5): 540}, 9.3)
    both = replace(off.steady, hops={**sound.steady.hops, **off.steady.hops})
    verdict = judged(replace(off, steady=both), limited, "p50<=100")
    assert verdict.exit_code is code
    if code is ExitCode.INVALID:
        behind = gates.clock_behind(
            hop=sink.title,
            sender="the record timestamps",
            receiver="k6",
            events=540,
            negative=540,
            mean_ms=2000.0,
        )
        assert verdict.reasons[0] == gates.hop_clocks_differ(
            clocks=[behind.text], metrics=[limited.metric]
        )
