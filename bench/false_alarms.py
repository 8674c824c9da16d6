"""How often `inv compare --pairs` calls the same code worse, and how often it finds what is slower.

Comparisons are made of recorded runs of one version (bench/turns.json), by the code that decides.
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
# As many figures as runs without hops have, and as runs with hops have; each with the pairs that
# it takes (verdict/pairs.py).
_SIZES = ((3, 10), (8, 11))

Drawn = Sequence[tuple[Turn, Turn]]


@dataclass(frozen=True)
class Counted:
    """What came of a number of comparisons.

    Attributes:
        comparisons: How many.
        worse: In how many any figure was called worse.
        better: In how many any was called better.
        same: In how many every figure was called the same.
    """

    comparisons: int
    worse: int
    better: int
    same: int


def measure(_: Workplace) -> tuple[Figure, ...]:
    """Return how often an alarm is false, and how often a planted slowdown is found."""
    turns = same_version()
    figures, pairs = _SIZES[0]
    as_recorded = list(every_turn(recorded_pairs(turns)))
    return (
        *(
            figure
            for figures, pairs in _SIZES
            for figure in found_in(
                list(drawn_anew(turns, pairs, _COMPARISONS)),
                figures,
                f"{figures} figures, {pairs} pairs drawn",
            )
        ),
        *found_in(as_recorded, figures, f"{figures} figures, the {pairs} pairs as recorded"),
    )


def found_in(drawn: Sequence[Drawn], figures: int, what: str) -> tuple[Figure, ...]:
    """Return what the same version is called, and how often what is slower is called worse.

    Args:
        drawn: The comparisons.
        figures: How many figures each has.
        what: The comparisons, in words.
    """
    same = count(drawn, figures)
    slowed = {factor: count(drawn, figures, factor) for factor in _SLOWER}
    return (
        _share(f"the same called worse, {what}", same.worse, same),
        _share(f"the same called better, {what}", same.better, same),
        _share(f"the same called the same, {what}", same.same, same),
        *(
            _share(f"slower by {factor - 1:.0%} called worse, {what}", found.worse, found)
            for factor, found in slowed.items()
        ),
    )


def same_version() -> tuple[Turn, ...]:
    """Return the recorded runs of one commit without changes, in the order of time."""
    turns = recorded().turns
    return tuple(x for x in turns if not x.changed and x.commit == turns[0].commit)


def drawn_anew(turns: Sequence[Turn], pairs: int, comparisons: int) -> Iterator[Drawn]:
    """Yield pairs of runs that are drawn without replacement, none twice in a comparison.

    Which run of a pair is called the base is drawn too. Pairs stand in the order of time of their
    bases, as measured ones do: what is taken for noise is how far neighbours lie apart.
    """
    random = Random(_SEED)  # noqa: S311 - nothing here is a secret
    for _ in range(comparisons):
        chosen = random.sample(turns, 2 * pairs)
        both = zip(chosen[:pairs], chosen[pairs:], strict=True)
        yield sorted(both, key=lambda pair: pair[0].run_id)


def recorded_pairs(turns: Sequence[Turn]) -> Drawn:
    """Return the pairs as they were measured, each run beside the next one of its version."""
    by_name: dict[str, Turn] = {}
    for turn in turns:
        by_name.setdefault(turn.name, turn)
    heads = {name: x for name, x in by_name.items() if name.endswith("-head")}
    return [(by_name[name.replace("-head", "-base")], head) for name, head in heads.items()]


def every_turn(pairs: Drawn) -> Iterator[Drawn]:
    """Yield the pairs with base and head exchanged, in every way that there is."""
    for way in product((False, True), repeat=len(pairs)):
        turns = zip(pairs, way, strict=True)
        yield [(head, base) if turned else (base, head) for (base, head), turned in turns]


def count(drawn: Sequence[Drawn], figures: int, slower: float = 1.0) -> Counted:
    """Let the code that decides judge each comparison.

    Args:
        drawn: The comparisons.
        figures: How many figures each has: the first ones that were recorded.
        slower: What every figure of the head is multiplied by.
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
    note = f"{times:,} of {counted.comparisons:,}; 95 % interval {ends} %"
    return Figure(name, "%", (100 * times / counted.comparisons,), note)
