"""The result of runs in turn, in one sentence."""

import json

import pytest

from scripts.report.pairs import pairs_json, pairs_table, sentence
from scripts.verdict.pairs import Pairs, compare_pairs

LEVELS = [20.0 + number / 10 for number in range(12)]


def pairs(factor: float, count: int = 12) -> Pairs:
    return Pairs(LEVELS[:count], [factor * level for level in LEVELS[:count]])


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ({"p50": pairs(1.0), "p95": pairs(1.25)}, "worse: p95 by +25.0%, over 12 pairs"),
        ({"p50": pairs(0.5), "p95": pairs(1.25)}, "worse: p95 by +25.0%, over 12 pairs"),
        ({"p50": pairs(0.5), "p95": pairs(1.0)}, "better: p50 by -50.0%, over 12 pairs"),
        ({"p50": pairs(1.01)}, "same: every figure within what counts (5.0%), over 12 pairs"),
        (
            {"p50": pairs(1.25, 3)},
            "inconclusive: 1 figure at p < 0.01 needs at least 5 more pairs than 3",
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
    assert sentence({}) == "inconclusive: no figure has samples in every run"


def test_the_table_and_what_programs_get() -> None:
    found = compare_pairs({"baseline e2e p95": pairs(1.25)})
    line = pairs_table(found).splitlines()[2]
    assert line.split() == [
        *("baseline", "e2e", "p95", "worse", "1.250", "1.250", "to", "1.250"),
        *("0.0005", "5.0%", "12"),
    ]
    content = json.loads(pairs_json(found))
    assert content["figures"]["baseline e2e p95"]["finding"] == "worse"
    assert content["sentence"].startswith("worse: baseline e2e p95 by +25.0%")
