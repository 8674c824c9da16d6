"""How often `inv compare` finds a change, how often it finds one that is not there, and how soon.

The real code judges simulated comparisons (bench/simulated_comparisons.py) after every start.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import quantiles

from bench.figures import Figure
from bench.simulated_comparisons import QUIET, Plan, looks
from bench.workplace import Workplace
from cdc_perf.results.comparison import Comparison
from cdc_perf.stats.intervals import rate_interval
from cdc_perf.verdict.comparison import Answer, ComparisonAnswer, judge_comparison
from cdc_perf.verdict.comparison_figures import E2E_P50, E2E_P95, E2E_P99

_SEED = 20261129
_USUAL = Plan()
_COMPARISONS, _LONG_COMPARISONS = 1000, 300
_HOP = "hop_debezium_to_kafka"
_CHANGED = frozenset({Answer.WORSE, Answer.BETTER})
_SHOWN = (E2E_P50, E2E_P95, E2E_P99, _HOP)


@dataclass(frozen=True)
class Case:
    """What changes in head, on which machine.

    Attributes:
        name: The case in words.
        figures: The figures that change.
        factor: Their factor.
        noise: How much noisier than a quiet machine it is.
        plan: Its time.
        comparisons: The number of comparisons.
    """

    name: str
    figures: Sequence[str] = ()
    factor: float = 1.0
    noise: float = 1.0
    plan: Plan = _USUAL
    comparisons: int = _COMPARISONS


CASES = (
    Case("nothing changed"),
    Case("nothing changed, three times the noise", noise=3),
    *(Case(f"everything {x - 1:+.0%}", (*QUIET,), x) for x in (1.02, 1.05, 1.1, 1.5, 0.9)),
    *(Case(f"p95 {x - 1:+.0%}", (E2E_P95,), x) for x in (1.05, 1.1)),
    *(Case(f"p99 {x - 1:+.0%}", (E2E_P99,), x) for x in (1.1, 1.2)),
    Case("a hop +15%", (_HOP,), 1.15),
    *(
        Case(f"{name}, 60 s per start", figures, factor, plan=Plan(start_seconds=60))
        for name, figures, factor in (
            ("nothing changed", (), 1.0),
            ("everything +5%", (*QUIET,), 1.05),
            ("p95 +10%", (E2E_P95,), 1.1),
        )
    ),
    *(
        Case(f"{name}, {minutes} minutes", figures, factor, 1, Plan(minutes), _LONG_COMPARISONS)
        for minutes in (18, 24, 36)
        for name, figures, factor in (
            ("nothing changed", (), 1.0),
            ("p95 +5%", (E2E_P95,), 1.05),
            ("p99 +10%", (E2E_P99,), 1.1),
        )
    ),
)


@dataclass(frozen=True)
class Outcome:
    """What came of a comparison.

    Attributes:
        stopped: The answer when the comparison stopped.
        minutes: How long it took until then.
        whole: The answer that it would have without stopping early.
        alarms: The figures that were worse or better at any look until it stopped.
    """

    stopped: ComparisonAnswer
    minutes: float
    whole: ComparisonAnswer
    alarms: frozenset[str]


def measure(_: Workplace) -> tuple[Figure, ...]:
    """Return the answers, the time to the answer, and how often each figure is found."""
    return tuple(row for case in CASES for row in rows(case, outcomes(case)))


def outcomes(case: Case) -> list[Outcome]:
    """Return what comes of the comparisons of a case; it is always the same."""
    random = Random(_SEED)  # noqa: S311 - not used for secrets
    noise = {name: each.times(case.noise) for name, each in QUIET.items()}
    change = dict.fromkeys(case.figures, case.factor)
    return [_outcome(looks(random, noise, change, case.plan)) for _ in range(case.comparisons)]


def _outcome(looks: Iterable[Comparison]) -> Outcome:
    stopped: ComparisonAnswer | None = None
    alarms: set[str] = set()
    seconds = 0.0
    for comparison in looks:
        whole = judge_comparison(comparison)
        if stopped is None:
            seconds = comparison.seconds
            alarms |= {x.figure for x in whole.figures if x.answer in _CHANGED}
            stopped = whole if whole.settled else None
    return Outcome(stopped or whole, seconds / 60, whole, frozenset(alarms))


def rows(case: Case, found: Sequence[Outcome]) -> tuple[Figure, ...]:
    """Return the rows of a case."""
    ends = quantiles([x.minutes for x in found], n=10, method="inclusive")
    note = f"a tenth within {ends[0]:.1f}, nine within {ends[8]:.1f}"
    false = [bool(x.alarms.difference(case.figures)) for x in found]
    whole = [{each.figure: each.answer for each in x.whole.figures} for x in found]
    return (
        *(
            _share(f"{case.name}: {answer}", [x.stopped.answer is answer for x in found])
            for answer in Answer
        ),
        Figure(f"{case.name}: time to the answer", "min", (ends[4],), note),
        _share(f"{case.name}: a figure that did not change is worse or better", false),
        *(
            _share(f"{case.name}: {each} is {word} in the end", [x[each] in answers for x in whole])
            for each in _SHOWN
            for word, answers in (("found", _CHANGED), ("the same", {Answer.SAME}))
            if (each in case.figures) is (answers is _CHANGED)
        ),
    )


def _share(name: str, seen: Sequence[bool]) -> Figure:
    interval = rate_interval(sum(seen), len(seen))
    ends = " to ".join(f"{100 * (end or 0):.2f}" for end in (interval.low, interval.high))
    note = f"{sum(seen):,} of {len(seen):,}; 95% interval {ends}%"
    return Figure(name, "%", (100 * sum(seen) / len(seen),), note)
