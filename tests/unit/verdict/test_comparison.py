"""The answer on a comparison of two versions."""

from collections.abc import Callable, Mapping
from itertools import product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cdc_perf.errors import ExitCode
from cdc_perf.results.comparison import (
    Comparison,
    ComparisonStatus,
    HopTime,
    Side,
    Slice,
    Start,
)
from cdc_perf.settings.hops import CONSUMER_HOPS, RECORD_HOPS
from cdc_perf.verdict.comparison import (
    ERRORS,
    FAMILY_ERROR,
    HOPS_ERROR,
    Answer,
    ComparisonAnswer,
    FigureAnswer,
    judge_comparison,
)
from cdc_perf.verdict.comparison_figures import E2E_P50, E2E_P95, E2E_P99, FAILED_CHANGES
from tests.unit.version_comparisons import comparison_of, slice_of, start_of

STARTS = 13


def judged(
    slower: float = 1.0,
    count: int = STARTS,
    change: Callable[[Slice], Slice] = lambda each: each,
    *,
    status: ComparisonStatus = ComparisonStatus.COMPLETE,
) -> ComparisonAnswer:
    """Return the answer on starts whose slices are changed."""
    starts = (start_of(number, slower) for number in range(1, count + 1))
    changed = (replace(x, slices=tuple(map(change, x.slices))) for x in starts)
    return judge_comparison(comparison_of(*changed, status=status))


def figure(answer: ComparisonAnswer, code: str) -> FigureAnswer:
    return next(each for each in answer.figures if each.figure == code)


def of_head(change: Callable[[Slice], Slice]) -> Callable[[Slice], Slice]:
    return lambda each: change(each) if each.side is Side.HEAD else each


@pytest.mark.parametrize(
    ("slower", "answer", "code"),
    [
        (1.0, Answer.SAME, ExitCode.PASS),
        (1.02, Answer.SAME, ExitCode.PASS),
        (1.12, Answer.WORSE, ExitCode.FAIL),
        (1.5, Answer.WORSE, ExitCode.FAIL),
        (0.7, Answer.BETTER, ExitCode.PASS),
    ],
)
def test_a_change_of_everything(slower: float, answer: Answer, code: ExitCode) -> None:
    found = judged(slower)
    assert (found.answer, found.exit_code, found.settled) == (answer, code, True)
    assert {x.answer for x in found.figures if x.figure != FAILED_CHANGES} == {answer}
    p50 = figure(found, E2E_P50)
    assert p50.ratio == pytest.approx(slower, rel=0.01)
    assert p50.low is not None
    assert p50.high is not None
    assert p50.low < slower < p50.high
    assert (p50.starts, p50.slices) == (STARTS, 8 * STARTS)
    assert (p50.samples.base, p50.samples.head) == (1000 * STARTS, 1000 * STARTS)
    assert (found.starts, found.slices) == (STARTS, 8 * STARTS)


def test_a_small_change_can_be_significant_and_the_same() -> None:
    p50 = figure(judged(1.03), E2E_P50)
    assert (p50.answer, p50.is_significant) == (Answer.SAME, True)
    assert not figure(judged(), E2E_P50).is_significant


def test_the_errors_of_all_figures_are_those_of_the_family() -> None:
    assert sum(ERRORS.values()) + HOPS_ERROR == pytest.approx(FAMILY_ERROR)
    hops = [x for x in judged(1.12).figures if x.figure.startswith("hop_")]
    allowed = sum(1 - x.confidence for x in hops)
    assert 0 < allowed <= HOPS_ERROR * 1.000001


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_starts_show_nothing(count: int) -> None:
    found = judged(3.0, count)
    assert (found.answer, found.settled) == (Answer.INCONCLUSIVE, False)
    p50 = figure(found, E2E_P50)
    assert (p50.low, p50.high, p50.mde, p50.minutes_needed) == (None, None, None, None)
    assert (p50.ratio is None) == (count == 0)


def test_without_a_valid_slice_the_measurement_is_invalid() -> None:
    found = judged(change=lambda each: replace(each, invalid="starved"))
    assert (found.exit_code, found.slices, found.starts) == (ExitCode.INVALID, 0, 0)
    assert len(found.left_out) == 8 * STARTS


def test_a_large_change_is_settled_early_and_a_small_one_is_not() -> None:
    early = {x: judged(x, 6, status=ComparisonStatus.RUNNING) for x in (1.0, 1.5)}
    assert (early[1.5].answer, early[1.5].settled) == (Answer.WORSE, True)
    few = judged(1.0, 3, status=ComparisonStatus.RUNNING)
    assert (few.answer, few.settled) == (Answer.INCONCLUSIVE, False)


def test_noise_is_inconclusive_and_says_how_long_it_would_take() -> None:
    def noisy(number: int) -> Callable[[Slice], Slice]:
        factor = 1 + 0.11 * (number * 5 % 7 - 3) / 3
        return of_head(lambda each: replace(each, p50=factor * (each.p50 or 0)))

    starts = [start_of(number) for number in range(1, STARTS + 1)]
    found = judge_comparison(
        comparison_of(*(replace(x, slices=tuple(map(noisy(x.number), x.slices))) for x in starts))
    )
    p50 = figure(found, E2E_P50)
    assert (found.answer, p50.answer, found.settled) == (
        Answer.INCONCLUSIVE,
        Answer.INCONCLUSIVE,
        False,
    )
    assert p50.minutes_needed is not None
    assert p50.minutes_needed > 12
    assert p50.between is not None
    assert p50.within is not None
    assert p50.between > 0.05 > p50.within
    # What is already known needs no more time.
    assert figure(found, E2E_P95).minutes_needed is None


def scaled(name: str, factor: float) -> Callable[[Slice], Slice]:
    return of_head(lambda each: replace(each, **{name: factor * getattr(each, name)}))


def test_p95_alone_decides_and_hops_do_not() -> None:
    assert judged(change=scaled("p95", 1.2)).answer is Answer.WORSE
    assert judged(change=scaled("p95", 0.8)).answer is Answer.BETTER

    def slow_hop(each: Slice) -> Slice:
        hop = each.hops["debezium_to_kafka"]
        return replace(
            each, hops={**each.hops, "debezium_to_kafka": replace(hop, mean=2 * hop.mean)}
        )

    found = judged(change=of_head(slow_hop))
    assert (found.answer, found.exit_code) == (Answer.SAME, ExitCode.PASS)
    assert figure(found, "hop_debezium_to_kafka").answer is Answer.WORSE
    assert figure(found, "hop_total").answer is Answer.SAME


def test_p99_can_be_worse_but_decides_nothing_else() -> None:
    def slow_tail(by: int) -> Callable[[Slice], Slice]:
        # A bucket is 2.2% wide; the slowest are those of p99.
        return of_head(
            lambda each: replace(
                each,
                latencies={
                    bucket + (by if bucket == max(each.latencies) else 0): count
                    for bucket, count in each.latencies.items()
                },
            )
        )

    assert judged(change=slow_tail(16)).answer is Answer.WORSE
    faster = judged(change=slow_tail(-8))
    assert figure(faster, E2E_P99).answer is Answer.BETTER
    assert faster.answer is Answer.SAME


def without(name: str, places: Callable[[Slice], bool]) -> Callable[[Slice], Slice]:
    return lambda each: replace(each, **{name: None}) if places(each) else each


@pytest.mark.parametrize("code", [E2E_P50, E2E_P95])
@pytest.mark.parametrize("side", list(Side))
def test_a_figure_that_a_side_lacks_is_never_the_same(code: str, side: Side) -> None:
    found = judged(change=without(code.removeprefix("e2e_"), lambda each: each.side is side))
    assert (found.answer, found.settled, found.exit_code) == (
        Answer.INCONCLUSIVE,
        False,
        ExitCode.PASS,
    )
    assert figure(found, code).answer is Answer.INCONCLUSIVE
    assert [(x.figure, x.side, x.slices) for x in found.missing] == [(code, side, 4 * STARTS)]


def test_a_figure_that_a_side_lacks_in_some_slices_can_only_be_worse() -> None:
    def often(each: Slice) -> bool:
        return each.side is Side.HEAD and each.began in {5, 10}

    for slower, answer in (
        (1.0, Answer.INCONCLUSIVE),
        (0.7, Answer.INCONCLUSIVE),
        (1.5, Answer.WORSE),
    ):
        found = judged(slower, change=without("p95", often))
        assert figure(found, E2E_P95).answer is answer
        assert [(x.side, x.slices) for x in found.missing] == [(Side.HEAD, 2 * STARTS)]


def test_a_figure_that_is_rarely_lacking_counts() -> None:
    starts = [start_of(number) for number in range(1, STARTS + 1)]
    first = replace(starts[0].slices[1], p95=None)
    starts[0] = replace(starts[0], slices=(starts[0].slices[0], first, *starts[0].slices[2:]))
    found = judge_comparison(comparison_of(*starts))
    assert found.answer is Answer.SAME
    assert [(x.figure, x.slices) for x in found.missing] == [(E2E_P95, 1)]


def test_without_hops_there_are_none() -> None:
    found = judged(change=lambda each: replace(each, hops={}))
    assert [x.figure for x in found.figures] == [E2E_P50, E2E_P95, E2E_P99, FAILED_CHANGES]
    assert (found.answer, found.missing) == (Answer.SAME, ())


def test_hops_that_head_lacks_are_missing() -> None:
    found = judged(change=of_head(lambda each: replace(each, hops={})))
    assert {(x.figure, x.side) for x in found.missing} == {
        (x.figure, Side.HEAD) for x in found.figures if x.figure.startswith("hop_")
    }
    assert found.answer is Answer.SAME


def failing(failed: Mapping[Side, int], starts: int = STARTS) -> ComparisonAnswer:
    """Return the answer if some changes fail in each slice of a side, in the first starts."""
    made = [
        replace(
            start,
            slices=tuple(
                replace(x, failed=failed.get(x.side, 0) if start.number <= starts else 0)
                for x in start.slices
            ),
        )
        for start in (start_of(number) for number in range(1, STARTS + 1))
    ]
    return judge_comparison(comparison_of(*made))


def test_a_head_that_always_fails_some_changes_is_worse() -> None:
    found = failing({Side.HEAD: 2})
    failed = figure(found, FAILED_CHANGES)
    assert (found.answer, failed.answer, found.exit_code) == (
        Answer.WORSE,
        Answer.WORSE,
        ExitCode.FAIL,
    )
    assert (found.failed.base, found.failed.head) == (0, 8 * STARTS)
    assert failed.base == 0
    assert failed.head == pytest.approx(2 / 250)
    better = failing({Side.BASE: 2})
    assert figure(better, FAILED_CHANGES).answer is Answer.BETTER
    assert better.answer is Answer.SAME


def test_failures_of_both_or_of_few_starts_are_no_proof() -> None:
    for found in (failing({Side.BASE: 1, Side.HEAD: 9}), failing({Side.HEAD: 200}, 6)):
        assert figure(found, FAILED_CHANGES).answer is Answer.INCONCLUSIVE
        assert found.answer is Answer.SAME


def test_a_single_failing_change_is_never_worse() -> None:
    starts = [start_of(number) for number in range(1, STARTS + 1)]
    one = replace(starts[4].slices[1], failed=1)
    starts[4] = replace(starts[4], slices=(starts[4].slices[0], one, *starts[4].slices[2:]))
    found = judge_comparison(comparison_of(*starts))
    assert (found.answer, found.failed.head) == (Answer.SAME, 1)


def test_a_head_that_seems_to_fail_more_is_not_settled() -> None:
    def some(each: Slice) -> Slice:
        return replace(each, failed=1)

    running = judged(count=6, change=of_head(some), status=ComparisonStatus.RUNNING)
    assert figure(running, FAILED_CHANGES).answer is Answer.INCONCLUSIVE
    assert (running.answer, running.settled) == (Answer.SAME, False)


def test_what_is_left_out_is_named() -> None:
    invalid = replace(slice_of(Side.HEAD, 5), invalid="k6 was starved")
    starts = [start_of(number) for number in range(1, STARTS + 1)]
    starts[1] = replace(starts[1], slices=(starts[1].slices[0], invalid, *starts[1].slices[2:]))
    starts[2] = replace(starts[2], fault="head did not start")
    found = judge_comparison(comparison_of(*starts))
    assert [(x.start, x.slice, x.side, x.reason) for x in found.left_out] == [
        (3, None, None, "head did not start"),
        (2, 2, Side.HEAD, "k6 was starved"),
    ]
    assert (found.answer, found.starts) == (Answer.SAME, STARTS - 1)


def test_the_answer_is_json_and_always_the_same() -> None:
    found = judged(1.12)
    decoded = msgspec.json.decode(msgspec.json.encode(found), type=ComparisonAnswer)
    assert decoded == found == judged(1.12)


def test_every_order_of_answers_has_an_overall_answer() -> None:
    factors = {"worse": 1.2, "better": 0.8, "same": 1.0}
    for p50, p95 in product(factors, repeat=2):
        found = judged(
            change=of_head(
                lambda x, p50=p50, p95=p95: replace(  # type: ignore[misc]
                    x, p50=factors[p50] * x.p50, p95=factors[p95] * x.p95
                )
            )
        )
        expected = next(x for x in factors if x in {p50, p95})
        assert found.answer == expected


# Whatever the schema of comparison.json accepts.
COUNTS = st.integers(0, 10**15)
TIMES = st.floats(0, 1e15, allow_nan=False)
POSITIVE = st.floats(5e-324, 1e15, allow_nan=False)
NAMES = st.sampled_from([x.name for x in (*CONSUMER_HOPS.all, *RECORD_HOPS.all)]) | st.text(
    max_size=5
)
SLICES = st.builds(
    Slice,
    side=st.sampled_from(Side),
    began=TIMES,
    samples=COUNTS,
    failed=COUNTS,
    p50=st.none() | POSITIVE,
    p95=st.none() | POSITIVE,
    write_p50=st.none() | POSITIVE,
    hops=st.dictionaries(NAMES, st.builds(HopTime, mean=TIMES, events=COUNTS), max_size=3),
    latencies=st.dictionaries(st.integers(-2000, 2000) | st.integers(90, 140), COUNTS, max_size=4),
    invalid=st.sampled_from(["", "", "", "starved"]),
)
MADE = st.lists(
    st.builds(
        lambda slices, number, seconds: replace(
            start_of(1), number=number, seconds=seconds, slices=tuple(slices)
        ),
        st.lists(SLICES, max_size=6),
        COUNTS,
        TIMES,
    ),
    max_size=5,
)


@settings(max_examples=40, deadline=None)
@given(
    starts=MADE,
    status=st.sampled_from(ComparisonStatus),
    effect=st.floats(0, 1, exclude_min=True, exclude_max=True),
    minutes=st.floats(5e-324, 1e15, allow_nan=False),
)
def test_any_file_of_the_schema_has_an_answer(
    starts: list[Start], status: ComparisonStatus, effect: float, minutes: float
) -> None:
    made = replace(comparison_of(*starts, status=status), effect=effect, minutes=minutes)
    accepted = msgspec.json.decode(msgspec.json.encode(made), type=Comparison)
    found = judge_comparison(accepted)
    assert found == judge_comparison(accepted)
    assert "inf" not in str(found)
    assert "nan" not in str(found)
    for each in found.figures:
        assert each.starts <= found.starts <= len(starts)
        if each.low is not None and each.high is not None and each.ratio is not None:
            assert each.low <= each.ratio * 1.000001
            assert each.ratio <= each.high * 1.000001
        if each.figure != FAILED_CHANGES and each.starts < 3:
            assert each.answer is Answer.INCONCLUSIVE


def test_thousands_of_starts_have_an_answer() -> None:
    starts = [start_of(number, slices=2) for number in range(1, 301)]
    assert judge_comparison(comparison_of(*starts * 10)).starts == 3_000
