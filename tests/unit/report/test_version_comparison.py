"""The answer on a comparison of two versions, in words."""

import json

import pytest
from msgspec.structs import replace

from cdc_perf.report.version_comparison import (
    comparison_json,
    comparison_markdown,
    comparison_table,
    headline,
    moved,
    sentence,
    title,
)
from cdc_perf.results.comparison import ComparisonStatus, Side, Version
from cdc_perf.verdict.comparison import (
    Answer,
    BothSides,
    ComparisonAnswer,
    FigureAnswer,
    LeftOut,
    Missing,
    judge_comparison,
)
from cdc_perf.verdict.comparison_figures import E2E_P50, E2E_P95, E2E_P99, FAILED_CHANGES
from tests.unit.version_comparisons import comparison_of, start_of

STARTS = 13


def figure(answer: Answer, code: str = E2E_P50, **fields: object) -> FigureAnswer:
    given = {
        "base": 10.0,
        "head": 11.1,
        "ratio": 1.11,
        "low": 1.07,
        "high": 1.152,
        "mde": 0.04,
        "is_significant": answer in {Answer.WORSE, Answer.BETTER},
        **fields,
    }
    return FigureAnswer(
        figure=code,
        answer=answer,
        confidence=0.99,
        effect=0.05,
        starts=STARTS,
        slices=8 * STARTS,
        samples=BothSides(base=1000, head=1000),
        **given,  # type: ignore[arg-type]
    )


SAME = figure(Answer.SAME, ratio=0.998, low=0.96, high=1.03)
FAILED = figure(
    Answer.WORSE, FAILED_CHANGES, base=0.0, head=0.0123, ratio=None, low=None, high=None, mde=None
)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (figure(Answer.WORSE), "p50 +11% (7.0 to 15%): worse"),
        (
            figure(Answer.BETTER, E2E_P95, ratio=0.962, low=0.9, high=0.981),
            "p95 -3.8% (-10 to -1.9%): better",
        ),
        (SAME, "p50: no change; a change above 4.0% would have been found"),
        (
            figure(Answer.SAME, ratio=1.03, low=1.02, high=1.04, is_significant=True),
            "p50 +3.0% (2.0 to 4.0%): same, below the 5% that matters",
        ),
        (
            figure(Answer.INCONCLUSIVE, E2E_P99, low=0.99, high=1.3, minutes_needed=25.0),
            "p99 +11% (-1.0 to 30%): inconclusive; about 25 minutes would settle it",
        ),
        (
            figure(Answer.INCONCLUSIVE, low=None, high=None),
            "p50 +11% (after 13 starts): inconclusive",
        ),
        (figure(Answer.INCONCLUSIVE, ratio=None), "p50 not measured on both sides: inconclusive"),
        (FAILED, "failed changes 1.23% on head, 0.00% on base: worse"),
        (
            figure(Answer.WORSE, "hop_debezium_to_kafka"),
            "Debezium to Kafka mean +11% (7.0 to 15%): worse",
        ),
    ],
)
def test_a_figure_in_a_sentence(made: FigureAnswer, expected: str) -> None:
    assert sentence(made) == expected


def test_every_hop_has_a_title() -> None:
    assert title("hop_total") == "commit to sink mean"
    assert title("hop_kafka_to_sink") == "Kafka to sink mean"


def judged(slower: float, count: int = STARTS) -> ComparisonAnswer:
    return judge_comparison(comparison_of(*(start_of(x, slower) for x in range(1, count + 1))))


def with_figures(answer: Answer, *figures: FigureAnswer) -> ComparisonAnswer:
    return replace(judged(1.0), answer=answer, figures=figures)


@pytest.mark.parametrize(
    ("answer", "figures", "expected"),
    [
        (
            Answer.SAME,
            (SAME, replace(SAME, figure=E2E_P95, mde=0.123)),
            "no change; a change above 4.0% in p50 or above 12% in p95 would have been found",
        ),
        (
            Answer.WORSE,
            (figure(Answer.WORSE), replace(SAME, figure=E2E_P95), FAILED),
            "p50 +11% (7.0 to 15%), failed changes 1.23% on head, 0.00% on base: worse",
        ),
        (
            Answer.BETTER,
            (SAME, figure(Answer.BETTER, E2E_P95, ratio=0.8, low=0.7, high=0.9)),
            "p95 -20% (-30 to -10%): better",
        ),
        (
            Answer.INCONCLUSIVE,
            (SAME, figure(Answer.INCONCLUSIVE, E2E_P95), figure(Answer.INCONCLUSIVE, E2E_P99)),
            "p95 +11% (7.0 to 15%): inconclusive",
        ),
        (
            Answer.SAME,
            (replace(SAME, is_significant=True), replace(SAME, figure=E2E_P95)),
            (
                "p50 -0.2% (-4.0 to 3.0%): same, below the 5% that matters; "
                "p95: no change; a change above 4.0% would have been found"
            ),
        ),
    ],
)
def test_the_headline_has_the_figures_that_the_answer_depends_on(
    answer: Answer, figures: tuple[FigureAnswer, ...], expected: str
) -> None:
    assert headline(with_figures(answer, *figures)) == expected


def test_without_a_slice_there_is_nothing_to_compare() -> None:
    assert headline(judged(1.0, 0)) == "no valid slice: there is nothing to compare"


def test_the_headline_says_what_is_missing() -> None:
    answer = replace(
        with_figures(Answer.INCONCLUSIVE, SAME, figure(Answer.INCONCLUSIVE, E2E_P95)),
        missing=tuple(
            Missing(figure=code, side=Side.HEAD, slices=12) for code in (E2E_P95, E2E_P99)
        ),
    )
    assert headline(answer) == (
        "p95 +11% (7.0 to 15%): inconclusive; p95 is missing on head in 12 slices"
    )


def test_the_hops_that_moved_are_named_the_largest_first() -> None:
    text = moved(judged(1.2))
    places = [
        text.index(each)
        for each in ("Debezium to Kafka", "PostgreSQL to Debezium", "Kafka to consumer")
    ]
    assert places == sorted(places)
    assert "commit to" not in text
    assert "+1.02 ms" in text
    assert moved(judged(1.0)) == ""


def test_without_a_significant_hop_the_largest_difference_is_named() -> None:
    hops = [
        figure(Answer.INCONCLUSIVE, f"hop_{name}", head=10 + by)
        for name, by in (("debezium_to_kafka", -0.2), ("kafka_to_consumer", 0.1))
    ]
    text = moved(with_figures(Answer.WORSE, figure(Answer.WORSE), *hops))
    assert "not" not in text
    assert text.startswith("no hop alone is significant")
    assert "Debezium to Kafka" in text
    assert "-0.20 ms" in text
    assert "consumer" not in text
    assert moved(with_figures(Answer.WORSE, figure(Answer.WORSE))) == ""


def test_the_table_ends_with_the_headline() -> None:
    answer = judged(1.12)
    comparison = comparison_of(*(start_of(x, 1.12) for x in range(1, STARTS + 1)))
    lines = comparison_table(comparison, answer).splitlines()
    assert lines[-1] == headline(answer)
    assert lines[-2] == moved(answer)
    p50 = next(line for line in lines if line.startswith("p50"))
    assert p50.split()[1:7] == ["worse", "10.2", "ms", "11.4", "ms", "+12%"]
    assert any("13 starts with 104 slices, 10.8 of 12 minutes" in line for line in lines)


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (ComparisonStatus.SETTLED, "settled"),
        (ComparisonStatus.INTERRUPTED, "interrupted"),
        (ComparisonStatus.RUNNING, "not finished"),
        (ComparisonStatus.COMPLETE, "the time is over"),
    ],
)
def test_it_says_how_it_ended(status: ComparisonStatus, word: str) -> None:
    comparison = comparison_of(start_of(1), status=status)
    assert f"\n- {word}: 1 start with 8 slices" in comparison_markdown(
        comparison, judge_comparison(comparison)
    )


def test_text_from_the_file_cannot_leave_its_place() -> None:
    answer = replace(
        judged(1.0),
        left_out=(
            LeftOut(start=2, slice=3, side=Side.HEAD, reason="bad `x`\n# title @user \x1b[0m"),
        ),
        missing=(Missing(figure=E2E_P95, side=Side.BASE, slices=7),),
    )
    comparison = replace(
        comparison_of(start_of(1)), base=Version(name="`](http://evil)\n\n<b>", commit="")
    )
    text = comparison_markdown(comparison, answer)
    assert "\n# title" not in text
    assert "- `left out: start 2, slice 3 (head): bad 'x' # title @user [0m`" in text
    assert "- `p95 is missing on base in 7 slices`" in text
    assert "base `'](http://evil) <b>`" in text
    assert "\x1b" not in comparison_table(comparison, answer)


def test_many_slices_left_out_are_counted() -> None:
    left = tuple(LeftOut(start=x, reason="it failed") for x in range(1, 31))
    text = comparison_markdown(comparison_of(), replace(judged(1.0), left_out=left))
    assert "start 20: it failed" in text
    assert "start 21" not in text
    assert "- `and 10 more`" in text


def test_programs_get_the_answer_and_what_was_measured() -> None:
    comparison = comparison_of(*(start_of(x, 1.12) for x in range(1, STARTS + 1)))
    answer = judge_comparison(comparison)
    content = json.loads(comparison_json(comparison, answer))
    assert content["sentence"] == headline(answer)
    assert (content["answer"]["answer"], content["answer"]["exit_code"]) == ("worse", 10)
    assert content["answer"]["figures"][0]["figure"] == E2E_P50
    assert len(content["comparison"]["starts"]) == STARTS
