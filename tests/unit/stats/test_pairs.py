"""Runs in turn: false alarms, real changes, and how many pairs it takes."""

from itertools import product
from math import exp, log
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc_perf.stats import pairs
from cdc_perf.stats.pairs import PairedFinding, Pairs, compare_pairs, pairs_needed

NOISE = 0.03


def seeded(number: int) -> Random:
    return Random(number)  # noqa: S311 - nothing here is a secret


def made(random: Random, count: int, slower: float = 1.0, level: float = 20.0) -> Pairs:
    """Return pairs whose runs vary by 3 %, the head slower by a factor."""

    def run(factor: float) -> float:
        return level * factor * exp(random.gauss(0, NOISE))

    base, head = zip(*((run(1), run(slower)) for _ in range(count)), strict=True)
    return Pairs(base, head)


@pytest.mark.parametrize(("figures", "count"), [(1, 8), (2, 9), (4, 10), (8, 11)])
def test_how_many_pairs_it_takes(figures: int, count: int) -> None:
    assert pairs_needed(figures) == count
    # With one fewer not even a head that is always slower is significant.
    for runs, significant in ((count, True), (count - 1, False)):
        always = Pairs([10.0] * runs, [20.0 + n / 10 for n in range(runs)])
        result = compare_pairs({f"figure {n}": always for n in range(figures)})["figure 0"]
        assert (result.p_value < 0.01) is significant
        assert (result.finding is PairedFinding.WORSE) is significant


def test_false_alarms_of_the_same_against_itself() -> None:
    random = seeded(1)
    findings = [
        result.finding
        for _ in range(60)
        for result in compare_pairs({f"figure {n}": made(random, 12) for n in range(5)}).values()
    ]
    alarms = sum(finding in (PairedFinding.WORSE, PairedFinding.BETTER) for finding in findings)
    assert alarms == 0
    assert findings.count(PairedFinding.SAME) > len(findings) / 2


@pytest.mark.parametrize(
    ("slower", "better", "finding"),
    [
        (1.3, "lower", PairedFinding.WORSE),
        (1.3, "higher", PairedFinding.BETTER),
        (0.75, "lower", PairedFinding.BETTER),
        (0.75, "higher", PairedFinding.WORSE),
    ],
)
def test_a_change_is_found_with_its_direction_and_size(
    slower: float,
    better: str,
    finding: PairedFinding,
) -> None:
    runs = made(seeded(2), 12, slower)
    given_direction = Pairs(runs.base, runs.head, lower_is_better=better == "lower")
    result = compare_pairs({"p95": given_direction})["p95"]
    assert result.finding is finding
    assert result.interval.low is not None
    assert result.interval.high is not None
    assert result.interval.low < slower < result.interval.high
    assert result.ratio == pytest.approx(slower, rel=0.05)


def test_what_is_noisy_needs_a_larger_change() -> None:
    runs = made(seeded(3), 12, 1.12)
    calm = compare_pairs({"p95": runs})["p95"]
    noisy = compare_pairs({"p95": Pairs(runs.base, runs.head, noise=0.1)})["p95"]
    assert (calm.finding, calm.effect) == (PairedFinding.WORSE, 0.05)
    assert (noisy.finding, noisy.effect) == (PairedFinding.SAME, 0.2)


def test_what_lies_across_the_border_is_inconclusive() -> None:
    assert (
        compare_pairs({"p95": made(seeded(4), 12, 1.06)})["p95"].finding
        is PairedFinding.INCONCLUSIVE
    )


@settings(max_examples=30)
@given(st.lists(st.floats(0.5, 2.0), min_size=2, max_size=8))
def test_the_p_value_is_the_share_of_ways_to_turn_the_signs(ratios: list[float]) -> None:
    result = compare_pairs({"p95": Pairs([1.0] * len(ratios), ratios)})["p95"]
    logs = [log(ratio) for ratio in ratios]
    ways = [
        sum(a * b for a, b in zip(way, logs, strict=True))
        for way in product((1, -1), repeat=len(logs))
    ]
    share = sum(abs(way) >= abs(sum(logs)) - 1e-9 for way in ways) / len(ways)
    assert result.p_value == pytest.approx(share, abs=2 / len(ways))


def test_many_pairs_are_drawn_and_agree_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"p95": made(seeded(5), 12, 1.02)}
    exact = compare_pairs(figures)["p95"].p_value
    monkeypatch.setattr(pairs, "_MOST_EXACT_PAIRS", 1)
    assert compare_pairs(figures)["p95"].p_value == pytest.approx(exact, abs=0.01)
