"""Simulated comparisons, and how often they are judged right."""

from itertools import islice
from math import exp
from random import Random
from statistics import fmean, stdev

import pytest

from bench.comparison_power import Case, Outcome, outcomes, recorded, rows, simulated
from bench.looks import looks
from bench.recorded_starts import drawn_starts
from bench.simulated_starts import QUIET, simulated_starts
from cdc_perf.results.comparison import ComparisonStatus, Side
from cdc_perf.stats.claims import Rule, claim_now
from cdc_perf.stats.comparison import estimate
from cdc_perf.verdict.comparison import Answer
from cdc_perf.verdict.comparison_figures import E2E_P50, E2E_P95, E2E_P99

SIMULATED = simulated(72)
NOTHING = Case("nothing changed", SIMULATED, comparisons=15)


def answers(found: list[Outcome]) -> list[Answer]:
    return [each.stopped.answer for each in found]


def test_a_comparison_grows_start_by_start_until_its_time_is_over() -> None:
    made = list(looks(SIMULATED(Random(1), {}), 12))  # noqa: S311 - not used for secrets
    assert [len(x.starts) for x in made] == list(range(1, 11))
    assert {x.status for x in made[:-1]} == {ComparisonStatus.RUNNING}
    assert made[-1].status is ComparisonStatus.COMPLETE
    assert made[-1].starts[:5] == made[4].starts
    for start in made[-1].starts:
        assert [x.side for x in start.slices].count(Side.HEAD) == len(start.slices) / 2


def test_the_same_versions_are_not_worse_and_a_slower_one_is() -> None:
    same = outcomes(NOTHING)
    assert answers(same).count(Answer.SAME) >= 8
    assert not any(each.alarms for each in same)
    for factor in (1.1, 1.5):
        slower = outcomes(Case("slower", SIMULATED, tuple(QUIET), factor, comparisons=8))
        assert set(answers(slower)) == {Answer.WORSE}
    # The larger a change, the sooner it is found.
    assert fmean(x.minutes for x in slower) < 6 < fmean(x.minutes for x in same) < 12
    only_p95 = outcomes(Case("p95", SIMULATED, (E2E_P95,), 1.1, comparisons=8))
    assert answers(only_p95).count(Answer.WORSE) >= 7


def test_a_noisy_machine_claims_nothing() -> None:
    noisy = outcomes(Case("noisy", simulated(72, noise=3), comparisons=8))
    assert set(answers(noisy)) == {Answer.INCONCLUSIVE}


def test_the_same_case_has_the_same_outcomes() -> None:
    case = Case("nothing changed", SIMULATED, comparisons=2)
    assert outcomes(case) == outcomes(case)


def test_the_rows_of_a_case() -> None:
    case = Case("p50 +50%", SIMULATED, (E2E_P50,), 1.5, comparisons=5)
    by_name = {each.name: each for each in rows(case, outcomes(case))}
    assert by_name["p50 +50%: worse"].values == (100.0,)
    assert by_name["p50 +50%: worse"].note.startswith("5 of 5; 95% interval ")
    assert by_name["p50 +50%: e2e_p50 is found in the end"].values == (100.0,)
    assert by_name["p50 +50%: e2e_p95 is the same in the end"].unit == "%"
    assert by_name["p50 +50%: time to the answer"].unit == "min"
    assert by_name["p50 +50%: worse within 12 min"].values == (100.0,)


def test_recorded_starts_are_drawn_whole_with_a_factor_for_head() -> None:
    random = Random(1)  # noqa: S311 - not used for secrets
    pool = list(islice(simulated_starts(random, QUIET, {}, 60), 4))
    factors = {E2E_P50: 1.5, E2E_P99: 2.0, "hop_total": 3.0}
    drawn = list(islice(drawn_starts(random, pool, factors), 40))
    assert [each.number for each in drawn] == list(range(1, 41))
    swapped = 0
    for start in drawn:
        before = next(x for x in pool if x.slices[0].p95 == start.slices[0].p95)
        swapped += start.slices[0].side is not before.slices[0].side
        for old, new in zip(before.slices, start.slices, strict=True):
            p50, shift, hop = (1.5, 32, 3.0) if new.side is Side.HEAD else (1.0, 0, 1.0)
            assert new.p50 == pytest.approx((old.p50 or 0) * p50)
            assert {x - shift for x in new.latencies} == set(old.latencies)
            assert new.hops["total"].mean == pytest.approx(old.hops["total"].mean * hop)
    assert 10 < swapped < 30
    found = outcomes(Case("p50", recorded(pool), (E2E_P50,), 1.5, comparisons=3))
    assert set(answers(found)) == {Answer.WORSE}


@pytest.mark.parametrize("ratio", [1.0, 1.08])
def test_the_intervals_of_all_looks_contain_the_true_ratio(ratio: float) -> None:
    error, tries, planned = 0.05, 600, 10
    shares = tuple(number / planned for number in range(1, planned + 1))
    random = Random(20261129)  # noqa: S311 - not used for secrets
    missed = fixed = 0
    for _ in range(tries):
        values = [ratio * exp(random.gauss(0, 0.03)) for _ in range(planned)]
        ends = [
            claim_now(estimate([[(1.0, x)] for x in values[:n]]), shares[:n], Rule(error, 1e-6))
            for n in range(3, planned + 1)
        ]
        missed += any(not (x.low or 0) <= ratio <= (x.high or 9) for x in ends)
        # The fault: the interval of a single look, at each of them.
        fixed += any(
            abs(fmean(values[:n]) - ratio) > 2.8 * stdev(values[:n]) / n**0.5
            for n in range(3, planned + 1)
        )
    # Three standard deviations of a share of 5% in 600 tries.
    assert missed / tries == pytest.approx(error, abs=0.027)
    assert fixed / tries > 0.1
