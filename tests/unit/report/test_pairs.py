"""The result of runs in turn, in one sentence."""

import json

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.report.pairs import answer, pairs_json, pairs_table, sentence
from cdc_perf.stats.pairs import Pairs, compare_pairs
from cdc_perf.verdict.turns import PairSide, Turn, TurnsResult, judge_turns

LEVELS = [20.0 + number / 10 for number in range(12)]


def pairs(factor: float, count: int = 12) -> Pairs:
    return Pairs(LEVELS[:count], [factor * level for level in LEVELS[:count]])


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"p50": pairs(1.0), "p95": pairs(1.25)}, "worse: p95 by +25.0%, over 12 pairs"),
        ({"p50": pairs(0.5), "p95": pairs(1.25)}, "worse: p95 by +25.0%, over 12 pairs"),
        ({"p50": pairs(0.5), "p95": pairs(1.0)}, "better: p50 by -50.0%, over 12 pairs"),
        (
            {"p50": pairs(1.01)},
            "same: every metric is within its margin (5.0%), over 12 pairs",
        ),
        (
            {"p50": pairs(1.25, 3)},
            "inconclusive: 1 metric at p < 0.01 needs at least 5 more pairs than 3",
        ),
        (
            {"p50": Pairs(LEVELS, [x * (1.2 if n % 2 else 0.9) for n, x in enumerate(LEVELS)])},
            "inconclusive: p50; about 36 more pairs halve the interval",
        ),
    ],
)
def test_one_sentence(figures: dict[str, Pairs], said: str) -> None:
    assert sentence(compare_pairs(figures)) == said


def test_without_a_figure_nothing_is_found() -> None:
    assert sentence({}) == "inconclusive: no metric has samples in every run"


def test_the_table_and_what_programs_get() -> None:
    result = TurnsResult((), (), compare_pairs({"baseline e2e p95": pairs(1.25)}), ())
    line = pairs_table(result).splitlines()[2]
    assert line.split() == [
        *("baseline", "e2e", "p95", "worse", "1.250", "1.250", "to", "1.250"),
        *("0.0005", "5.0%", "12"),
    ]
    content = json.loads(pairs_json(result))
    assert content["figures"]["baseline e2e p95"]["finding"] == "worse"
    assert content["sentence"].startswith("worse: baseline e2e p95 by +25.0%")
    assert (content["verdict"], content["exit_code"]) == ("FAIL", 10)


def test_every_run_that_failed_or_is_left_out_is_named() -> None:
    figures = {"p95": 20.0}
    made = [
        Turn(1, PairSide.BASE, "run-1", ExitCode.PASS, figures),
        Turn(1, PairSide.HEAD, "run-2", ExitCode.FAIL, figures, ("baseline",), "exit 10: slow"),
        Turn(2, PairSide.HEAD, "", -9, {}, (), "exit -9"),
        Turn(2, PairSide.BASE, "run-3", ExitCode.PASS, figures),
    ]
    result = judge_turns(made)
    text = pairs_table(result)
    assert "run-2" in text
    assert "pair 2: head" in text
    assert text.splitlines()[-1] == answer(result)
    content = json.loads(pairs_json(result))
    assert content["exit_code"] == 10
    assert [run["exit_code"] for run in content["runs"]] == [0, 10, -9, 0]
    assert [(x["pair"], x["side"]) for x in content["left_out"]] == [(2, "head")]


def test_no_run_at_all_is_an_answer() -> None:
    assert pairs_table(judge_turns([])).startswith("NO-DATA")
