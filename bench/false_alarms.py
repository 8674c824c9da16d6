"""How often `inv compare --pairs` calls the same code worse, and how often it detects a slowdown.

Comparisons are made from recorded runs of one version (bench/turns.json), by the real code.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from bench.figures import Figure
from bench.recorded_turns import Turn, recorded
from bench.workplace import Workplace
from cdc_perf.stats.intervals import rate_interval
from cdc_perf.stats.pairs import PairedFinding, Pairs, compare_pairs, noise_of

_COMPARISONS = 1000
_SLOWER = (1.1, 1.2, 1.5)
_SEED = 20261125
# The number of figures of runs without and with hops; each with the pairs that it needs
# (stats/pairs.py).
_SIZES = ((3, 10), (8, 11))

Drawn = Sequence[tuple[Turn, Turn]]


@dataclass(frozen=True)
class Counted:
    """The findings of a number of comparisons.

    Attributes:
        comparisons: The number of comparisons.
        worse: The number of comparisons in which any figure was called worse.
        better: The number of comparisons in which any was called better.
        same: The number of comparisons in which every figure was called the same.
    """

    comparisons: int
    worse: int
    better: int
    same: int


def measure(_: Workplace) -> tuple[Figure, ...]:
    """Return how often an alarm is false, and how often an injected slowdown is detected."""
    turns = same_version()
    figures, pairs = _SIZES[0]
    as_recorded = list(every_turn(recorded_pairs(turns)))
    return (
        *(
            figure
            for figures, pairs in _SIZES
            for figure in found_in(
                list(random_pairs(turns, pairs, _COMPARISONS)),
                figures,
                f"{figures} figures, {pairs} random pairs",
            )
        ),
        *found_in(as_recorded, figures, f"{figures} figures, the {pairs} recorded pairs"),
    )


def found_in(drawn: Sequence[Drawn], figures: int, what: str) -> tuple[Figure, ...]:
    """Return the findings on the same version, and how often a slowdown is called worse.

    Args:
        drawn: The comparisons.
        figures: The number of figures of each.
        what: The comparisons, in words.
    """
    same = count(drawn, figures)
    slowed = {factor: count(drawn, figures, factor) for factor in _SLOWER}
    return (
        _share(f"same version, judged worse: {what}", same.worse, same),
        _share(f"same version, judged better: {what}", same.better, same),
        _share(f"same version, judged the same: {what}", same.same, same),
        *(
            _share(f"slower by {factor - 1:.0%}, judged worse: {what}", found.worse, found)
            for factor, found in slowed.items()
        ),
    )


def same_version() -> tuple[Turn, ...]:
    """Return the recorded runs of one commit without changes, in order of time."""
    turns = recorded().turns
    return tuple(x for x in turns if not x.changed and x.commit == turns[0].commit)


def random_pairs(turns: Sequence[Turn], pairs: int, comparisons: int) -> Iterator[Drawn]:
    """Yield pairs of runs that are drawn without replacement, none twice in a comparison.

    Which run of a pair is the base is random too. Pairs are in the order of time of their bases, as
    in a measurement, because the noise is computed from the difference of neighbors.
    """
    random = Random(_SEED)  # noqa: S311 - not used for secrets
    for _ in range(comparisons):
        chosen = random.sample(turns, 2 * pairs)
        both = zip(chosen[:pairs], chosen[pairs:], strict=True)
        yield sorted(both, key=lambda pair: pair[0].run_id)


def recorded_pairs(turns: Sequence[Turn]) -> Drawn:
    """Return the pairs as they were measured."""
    by_name: dict[str, Turn] = {}
    for turn in turns:
        by_name.setdefault(turn.name, turn)
    heads = {name: x for name, x in by_name.items() if name.endswith("-head")}
    return [(by_name[name.replace("-head", "-base")], head) for name, head in heads.items()]


def every_turn(pairs: Drawn) -> Iterator[Drawn]:
    """Yield the pairs with base and head exchanged, in every possible combination."""
    for way in product((False, True), repeat=len(pairs)):
        turns = zip(pairs, way, strict=True)
        yield [(head, base) if turned else (base, head) for (base, head), turned in turns]


def count(drawn: Sequence[Drawn], figures: int, slower: float = 1.0) -> Counted:
    """Judge each comparison with the real code.

    Args:
        drawn: The comparisons.
        figures: The number of figures of each: the first ones that were recorded.
        slower: The factor for every figure of the head.
    """
    findings = [_findings(pairs, figures, slower) for pairs in drawn]
    return Counted(
        comparisons=len(findings),
        worse=sum(PairedFinding.WORSE in found for found in findings),
        better=sum(PairedFinding.BETTER in found for found in findings),
        same=sum(found == {PairedFinding.SAME} for found in findings),
    )


def _findings(pairs: Drawn, figures: int, slower: float) -> set[PairedFinding]:
    names = list(pairs[0][0].figures)[:figures]
    values = {
        name: (
            [base.figures[name] for base, _ in pairs],
            [slower * head.figures[name] for _, head in pairs],
        )
        for name in names
    }
    results = compare_pairs(
        {name: Pairs(base, head, noise=noise_of(base)) for name, (base, head) in values.items()}
    )
    return {result.finding for result in results.values()}


def _share(name: str, times: int, counted: Counted) -> Figure:
    interval = rate_interval(times, counted.comparisons)
    ends = " to ".join(f"{100 * (end or 0):.2f}" for end in (interval.low, interval.high))
    note = f"{times:,} of {counted.comparisons:,}; 95% interval {ends}%"
    return Figure(name, "%", (100 * times / counted.comparisons,), note)
