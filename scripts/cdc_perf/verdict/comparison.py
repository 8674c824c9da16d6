"""Judge a comparison of two versions: is head worse than base?

docs/decisions/0057-comparison-of-versions.md has the reasons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, expm1, log

import msgspec
from msgspec.structs import replace

from cdc_perf.errors import ExitCode
from cdc_perf.results.comparison import Comparison, Side, Slice
from cdc_perf.settings.hops import sequence_of
from cdc_perf.stats.claims import Claim, Direction, Rule, claim_after, claim_now, starts_needed
from cdc_perf.stats.comparison import LEAST_STARTS, RatioEstimate, coin_evidence, estimate
from cdc_perf.verdict.comparison_figures import (
    E2E_P50,
    E2E_P95,
    E2E_P99,
    FAILED_CHANGES,
    HOPS,
    Reading,
    StartPairs,
    failing_runs,
    figures_of,
    valid_starts,
)

# The probability that any figure of two equal versions is called worse or better at any look, and
# the part of it that each figure has (weighted Bonferroni). The hops share theirs.
FAMILY_ERROR = 0.01
ERRORS = {E2E_P50: 0.0035, E2E_P95: 0.004, E2E_P99: 0.001, FAILED_CHANGES: 0.0005}
HOPS_ERROR = 0.001

# The share of a side's slices that may lack a figure.
_MOST_LACKING = 0.1
# A comparison of more starts would take days.
_MOST_STARTS = 2000


class Answer(StrEnum):
    """The answer on a figure, and on the whole comparison."""

    WORSE = "worse"
    BETTER = "better"
    SAME = "same"
    INCONCLUSIVE = "inconclusive"


class BothSides(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A count per version."""

    base: int
    head: int


class FigureAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer on one figure.

    Attributes:
        figure: Its code: `e2e_p50`, `e2e_p95`, `e2e_p99`, `hop_<name>` (a mean), `failed_changes`.
        answer: The answer.
        base: A typical value of base, in milliseconds; of `failed_changes` the share that failed, 0
            to 1; null if there is none.
        head: As base. head / base is `ratio`.
        ratio: The estimate of head / base; null if there is none.
        low: The lower end of the interval of the ratio at this look; null without a bound. For
            `same`, the narrower one that this answer needs.
        high: The upper end.
        confidence: The probability that the intervals of all looks contain the true ratio.
        effect: The smallest change that matters, as a share.
        mde: The smallest change that is found with 95% power with these starts, as a share; null if
            unknown.
        is_significant: Whether equal versions would rarely show this; of `same` too, if the change
            is too small to matter.
        between: The standard deviation between starts of the ratio that slices do not explain, as
            a share; null without a ratio.
        within: The standard deviation of the ratios of neighboring slices in a start; null with one
            value per start.
        starts: The number of starts that have the figure.
        slices: The number of slices of both sides that have it.
        samples: The number of samples (for a hop: of events) per side.
        minutes_needed: Of `inconclusive`: about how many minutes the comparison would have to take
            in all to settle it; null if unknown.
    """

    figure: str
    answer: Answer
    base: float | None = None
    head: float | None = None
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float
    effect: float
    mde: float | None = None
    is_significant: bool = False
    between: float | None = None
    within: float | None = None
    starts: int
    slices: int
    samples: BothSides
    minutes_needed: float | None = None


class Missing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A figure that one side lacks.

    Attributes:
        figure: Its code.
        side: The side that lacks it.
        slices: The number of valid slices in which it is missing.
    """

    figure: str
    side: Side
    slices: int


class LeftOut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A slice, or a whole start, that does not count.

    Attributes:
        start: The number of the start.
        slice: The number of the slice in it, from 1; null for the whole start.
        side: The version that the slice loads; null for the whole start.
        reason: Why. It comes from the file: a renderer escapes it.
    """

    start: int
    slice: int | None = None
    side: Side | None = None
    reason: str


class ComparisonAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer on a comparison.

    Attributes:
        answer: The answer.
        exit_code: The command's: 10 for `worse`, 12 without a valid slice, else 0.
        settled: Whether more starts would not change what the answer depends on.
        figures: The answer on each figure: p50, p95, p99, the hops in order, failed changes.
        missing: The figures that one side lacks.
        starts: The number of starts that count.
        slices: The number of slices of both sides that count.
        left_out: What does not count.
        failed: The number of failed changes per side, in the slices that count.
    """

    answer: Answer
    exit_code: ExitCode
    settled: bool
    figures: tuple[FigureAnswer, ...]
    missing: tuple[Missing, ...]
    starts: int
    slices: int
    left_out: tuple[LeftOut, ...]
    failed: BothSides


def judge_comparison(comparison: Comparison) -> ComparisonAnswer:
    """Return the answer on a comparison, complete or not."""
    starts = valid_starts(comparison)
    readings = figures_of(starts)
    scope = _Scope.of(comparison, starts)
    errors = _errors(tuple(readings))
    judged = [
        *(
            _judged(name, Rule(errors[name], scope.effect), readings[name], scope)
            for name in errors
        ),
        _judged_failures(starts, scope),
    ]
    answer = _overall({each.now.figure: each.now.answer for each in judged})
    later = _overall({each.now.figure: each.later for each in judged})
    return ComparisonAnswer(
        answer=answer,
        exit_code=_exit_code(answer, scope.pairs),
        settled=answer is not Answer.INCONCLUSIVE and later is answer,
        figures=tuple(each.now for each in judged),
        missing=_missing(readings),
        starts=len(starts),
        slices=2 * scope.pairs,
        left_out=_left_out(comparison),
        failed=_failed(starts),
    )


@dataclass(frozen=True)
class _Scope:
    """What all figures share.

    Attributes:
        effect: The smallest change that matters, as a share.
        pairs: The number of pairs of slices that count.
        minutes: The time that all starts took.
        share: The share of the comparison's time that is over.
    """

    effect: float
    pairs: int
    minutes: float
    share: float

    @classmethod
    def of(cls, comparison: Comparison, starts: Sequence[StartPairs]) -> "_Scope":
        """Return the scope of a comparison with these valid starts."""
        return cls(
            effect=comparison.effect,
            pairs=sum(len(start.pairs) for start in starts),
            minutes=sum(start.seconds for start in comparison.starts) / 60,
            share=starts[-1].share if starts else 0.0,
        )

    def at_the_end(self, count: int) -> int:
        """Return what a count of starts, or of anything in them, will be when the time is over."""
        return max(count, round(min(count / self.share, _MOST_STARTS))) if self.share else count


@dataclass(frozen=True)
class _Judged:
    """The answer on a figure now, and when the time is over if further starts find the same."""

    now: FigureAnswer
    later: Answer


def _errors(names: Sequence[str]) -> Mapping[str, float]:
    """Return the error of each figure that has a ratio; the hops share theirs evenly."""
    hops = sequence_of(HOPS[name].name for name in names if name in HOPS).all
    return {name: ERRORS.get(name, HOPS_ERROR / len(hops)) for name in names}


def _judged(name: str, rule: Rule, readings: Sequence[Reading], scope: _Scope) -> _Judged:
    present = [reading for reading in readings if reading.pairs]
    answer = FigureAnswer(
        figure=name,
        answer=Answer.INCONCLUSIVE,
        confidence=1 - rule.error,
        effect=scope.effect,
        starts=len(present),
        slices=sum(each.slices for each in present),
        samples=BothSides(
            base=sum(each.samples[Side.BASE] for each in present),
            head=sum(each.samples[Side.HEAD] for each in present),
        ),
    )
    if not present:
        return _Judged(answer, Answer.INCONCLUSIVE)
    found = estimate([reading.pairs for reading in present])
    answer = replace(
        answer,
        base=found.base,
        head=found.head,
        ratio=found.ratio,
        between=expm1(found.between),
        within=None if found.within is None else expm1(found.within),
    )
    if found.starts < LEAST_STARTS:
        return _Judged(answer, Answer.INCONCLUSIVE)
    now = claim_now(found, tuple(reading.share for reading in present), rule)
    end = scope.at_the_end(found.starts)
    later = claim_after(found, end, rule) if end > found.starts else now
    is_whole = not _lacks_many(readings, scope)
    return _Judged(
        replace(
            answer,
            answer=_answer(now, is_whole=is_whole),
            low=now.low,
            high=now.high,
            confidence=now.confidence,
            mde=now.smallest_found,
            is_significant=now.direction is not Direction.UNKNOWN,
            minutes_needed=None if now.is_settled else _minutes_needed(found, rule, scope),
        ),
        _answer(later, is_whole=is_whole),
    )


def _answer(claim: Claim, *, is_whole: bool) -> Answer:
    """Return the answer of a claim; a side that lacks the figure can only be worse."""
    if claim.direction is Direction.HIGHER and not claim.is_same:
        return Answer.WORSE
    if not is_whole:
        return Answer.INCONCLUSIVE
    if claim.is_same:
        return Answer.SAME
    return Answer.BETTER if claim.direction is Direction.LOWER else Answer.INCONCLUSIVE


def _lacks_many(readings: Sequence[Reading], scope: _Scope) -> bool:
    lacking = (sum(reading.lacking[side] for reading in readings) for side in Side)
    return max(lacking) > _MOST_LACKING * scope.pairs


def _minutes_needed(found: RatioEstimate, rule: Rule, scope: _Scope) -> float | None:
    starts = starts_needed(found, rule, _MOST_STARTS)
    return None if starts is None else ceil(scope.minutes * starts / found.starts)


def _judged_failures(starts: Sequence[StartPairs], scope: _Scope) -> _Judged:
    failed, samples = _failed(starts), _samples(starts)
    runs, with_runs = failing_runs(starts)
    now = _more_failures(runs, with_runs) if failed.base or failed.head else Answer.SAME
    expected = {side: scope.at_the_end(count) for side, count in runs.items()}
    return _Judged(
        FigureAnswer(
            figure=FAILED_CHANGES,
            answer=now if starts else Answer.INCONCLUSIVE,
            base=failed.base / samples.base if samples.base else None,
            head=failed.head / samples.head if samples.head else None,
            confidence=1 - ERRORS[FAILED_CHANGES],
            effect=scope.effect,
            is_significant=now in {Answer.WORSE, Answer.BETTER},
            starts=len(starts),
            slices=2 * scope.pairs,
            samples=samples,
        ),
        _more_failures(expected, scope.at_the_end(with_runs)),
    )


def _more_failures(runs: Mapping[Side, int], starts: int) -> Answer:
    """Return which side fails more often, of runs of failing slices in a number of starts.

    With equal versions each run is as likely on either side, like a coin.
    """
    base, head = (runs.get(side, 0) for side in Side)
    needed = log(2 / ERRORS[FAILED_CHANGES])
    if starts < LEAST_STARTS:
        return Answer.INCONCLUSIVE
    if coin_evidence(head, base) >= needed:
        return Answer.WORSE
    return Answer.BETTER if coin_evidence(base, head) >= needed else Answer.INCONCLUSIVE


def _overall(answers: Mapping[str, Answer]) -> Answer:
    typical = {answers[E2E_P50], answers[E2E_P95]}
    if Answer.WORSE in {*typical, answers[E2E_P99], answers[FAILED_CHANGES]}:
        return Answer.WORSE
    if Answer.INCONCLUSIVE in typical:
        return Answer.INCONCLUSIVE
    return Answer.BETTER if Answer.BETTER in typical else Answer.SAME


def _exit_code(answer: Answer, pairs: int) -> ExitCode:
    if not pairs:
        return ExitCode.INVALID
    return ExitCode.FAIL if answer is Answer.WORSE else ExitCode.PASS


def _failed(starts: Sequence[StartPairs]) -> BothSides:
    base, head = (sum(x.failed for x in _of(starts, side)) for side in Side)
    return BothSides(base=base, head=head)


def _samples(starts: Sequence[StartPairs]) -> BothSides:
    base, head = (sum(x.samples for x in _of(starts, side)) for side in Side)
    return BothSides(base=base, head=head)


def _of(starts: Sequence[StartPairs], side: Side) -> list[Slice]:
    return [each for start in starts for each in start.slices if each.side is side]


def _missing(readings: Mapping[str, Sequence[Reading]]) -> tuple[Missing, ...]:
    return tuple(
        Missing(figure=name, side=side, slices=slices)
        for name, found in readings.items()
        for side in Side
        if (slices := sum(reading.lacking[side] for reading in found))
    )


def _left_out(comparison: Comparison) -> tuple[LeftOut, ...]:
    faulty = [LeftOut(start=x.number, reason=x.fault) for x in comparison.starts if x.fault]
    invalid = [
        LeftOut(start=start.number, slice=number, side=each.side, reason=each.invalid)
        for start in comparison.starts
        if not start.fault
        for number, each in enumerate(start.slices, 1)
        if each.invalid
    ]
    return (*faulty, *invalid)
