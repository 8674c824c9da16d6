"""How often `inv compare` finds a change, how often it finds one that is not there, and how soon.

The real code judges comparisons after every start. Their starts are drawn from the recorded
comparisons in which nothing changed, or simulated with the noise of a quiet machine.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import quantiles

from bench.figures import Figure
from bench.looks import looks
from bench.plants import Kind
from bench.record_comparisons import Recording, recordings
from bench.recorded_starts import drawn_starts, starts_of
from bench.simulated_starts import QUIET, simulated_starts
from bench.workplace import Workplace
from cdc_perf.results.comparison import Comparison, Start
from cdc_perf.stats.buckets import BUCKETS_PER_DOUBLING
from cdc_perf.stats.intervals import rate_interval
from cdc_perf.verdict.comparison import Answer, ComparisonAnswer, judge_comparison
from cdc_perf.verdict.comparison_figures import E2E_P50, E2E_P95, E2E_P99

_SEED = 20261129
_MINUTES, _LONGER = 12, (18, 24, 36)
_COMPARISONS, _LONG_COMPARISONS = 1000, 300
_START_SECONDS = (60, 72)
_LEAST_RECORDED = 30
_HOP = "hop_debezium_to_kafka"
_CHANGED = frozenset({Answer.WORSE, Answer.BETTER})
_SHOWN = (E2E_P50, E2E_P95, E2E_P99, _HOP)
# p99 of a start has buckets, so its change is a whole number of them (2.19%).
_P99_FACTOR = 2 ** (5 / BUCKETS_PER_DOUBLING)

# Yields starts without end, in which some figures of head have a factor.
Source = Callable[[Random, Mapping[str, float]], Iterator[Start]]


def simulated(seconds: float, noise: float = 1.0) -> Source:
    """Return a source of simulated starts.

    Args:
        seconds: How long a start takes.
        noise: How much noisier than a quiet machine it is.
    """
    scaled = {name: each.times(noise) for name, each in QUIET.items()}
    return lambda random, change: simulated_starts(random, scaled, change, seconds)


def recorded(pool: Sequence[Start]) -> Source:
    """Return a source of recorded starts."""
    return lambda random, change: drawn_starts(random, pool, change)


@dataclass(frozen=True)
class Case:
    """What changes in head.

    Attributes:
        name: The case in words.
        source: Where the starts come from.
        figures: The figures that change.
        factor: Their factor.
        minutes: The time limit.
        comparisons: The number of comparisons.
    """

    name: str
    source: Source
    figures: Sequence[str] = ()
    factor: float = 1.0
    minutes: float = _MINUTES
    comparisons: int = _COMPARISONS


def cases(name: str, source: Source) -> tuple[Case, ...]:
    """Return the cases of a source."""
    nothing, p95 = ("nothing changed", (), 1.0), ("p95 +5%", (E2E_P95,), 1.05)
    p99 = (f"p99 {_P99_FACTOR - 1:+.0%}", (E2E_P99,), _P99_FACTOR)
    short = (
        nothing,
        *((f"everything {x - 1:+.0%}", (*QUIET,), x) for x in (1.02, 1.05, 1.1, 1.5, 0.9)),
        p95,
        ("p95 +10%", (E2E_P95,), 1.1),
        p99,
        ("a hop +15%", (_HOP,), 1.15),
    )
    return (
        *(Case(f"{name}, {what}", source, figures, factor) for what, figures, factor in short),
        *(
            Case(
                f"{name}, {minutes} minutes, {what}",
                source,
                figures,
                factor,
                minutes,
                _LONG_COMPARISONS,
            )
            for minutes in _LONGER
            for what, figures, factor in (nothing, p95, p99)
        ),
    )


def all_cases(pool: Sequence[Start]) -> Iterator[Case]:
    """Yield the cases of the recorded starts, if there are enough, and of the simulated ones."""
    if len(pool) >= _LEAST_RECORDED:
        yield from cases("recorded", recorded(pool))
    for seconds in _START_SECONDS:
        yield from cases(f"simulated, {seconds} s per start", simulated(seconds))
    yield Case("simulated, three times the noise, nothing changed", simulated(60, noise=3))


@dataclass(frozen=True)
class Outcome:
    """What came of a comparison.

    Attributes:
        stopped: The answer when the comparison stopped.
        minutes: How long it took until then.
        whole: The answer that it would have without stopping early.
        alarms: The figures that were worse or better at any look until it stopped.
        worse_after: When the answer was `worse` for the first time, in minutes; None: never.
    """

    stopped: ComparisonAnswer
    minutes: float
    whole: ComparisonAnswer
    alarms: frozenset[str]
    worse_after: float | None


def measure(_: Workplace) -> tuple[Figure, ...]:
    """Return the answers, the time to the answer, and how often each figure is found."""
    known = recordings()
    return (
        *_recorded_rows(known),
        *(row for case in all_cases(starts_of(known)) for row in rows(case, outcomes(case))),
    )


def outcomes(case: Case) -> list[Outcome]:
    """Return what comes of the comparisons of a case; it is always the same."""
    random = Random(_SEED)  # noqa: S311 - not used for secrets
    change = dict.fromkeys(case.figures, case.factor)
    return [
        _outcome(looks(case.source(random, change), case.minutes)) for _ in range(case.comparisons)
    ]


def _outcome(looks: Iterable[Comparison]) -> Outcome:
    stopped: ComparisonAnswer | None = None
    alarms: set[str] = set()
    minutes, worse_after = 0.0, None
    for comparison in looks:
        whole = judge_comparison(comparison)
        if stopped is None:
            minutes = comparison.seconds / 60
            alarms |= {x.figure for x in whole.figures if x.answer in _CHANGED}
            if worse_after is None and whole.answer is Answer.WORSE:
                worse_after = minutes
            stopped = whole if whole.settled else None
    return Outcome(stopped or whole, minutes, whole, frozenset(alarms), worse_after)


def _recorded_rows(known: Sequence[Recording]) -> Iterator[Figure]:
    """Yield what the recorded comparisons answered, by what was planted."""
    for kind in Kind:
        found = [judge_comparison(x.comparison).answer for x in known if x.plant.kind is kind]
        for answer in Answer:
            if answer in found:
                yield _share(f"real, {kind}: {answer}", [x is answer for x in found])


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
        *(
            _share(f"{case.name}: worse within {minutes} min", [_by(minutes, x) for x in found])
            for minutes in range(4, int(case.minutes) + 1, 2)
        ),
        _share(f"{case.name}: a figure that did not change is worse or better", false),
        *(
            _share(f"{case.name}: {each} is {word} in the end", [x[each] in answers for x in whole])
            for each in _SHOWN
            for word, answers in (("found", _CHANGED), ("the same", {Answer.SAME}))
            if (each in case.figures) is (answers is _CHANGED)
        ),
    )


def _by(minutes: float, outcome: Outcome) -> bool:
    return outcome.worse_after is not None and outcome.worse_after <= minutes


def _share(name: str, seen: Sequence[bool]) -> Figure:
    interval = rate_interval(sum(seen), len(seen))
    ends = " to ".join(f"{100 * (end or 0):.2f}" for end in (interval.low, interval.high))
    note = f"{sum(seen):,} of {len(seen):,}; 95% interval {ends}%"
    return Figure(name, "%", (100 * sum(seen) / len(seen),), note)
