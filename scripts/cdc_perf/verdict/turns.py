"""Judge two versions that ran in turn: each run counts, or is left out by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cdc_perf.errors import ExitCode
from cdc_perf.stats.pairs import PairedFinding, PairedResult, Pairs, compare_pairs, noise_of
from cdc_perf.verdict.verdict import Verdict, verdict_of


class PairSide(StrEnum):
    """The version that a run measured."""

    BASE = "base"
    HEAD = "head"


@dataclass(frozen=True)
class Turn:
    """One run of one version.

    Attributes:
        pair: The number of its pair, from 1.
        side: The version that it measured.
        run: The run's id; empty if it left no folder.
        exit_code: The exit code of `inv perf`; negative if a signal ended it.
        figures: The compared figures, by name, of the scenarios that passed or failed: finite and
            above 0.
        failed: The scenarios whose verdict is FAIL.
        reason: Why the exit code is not 0; else empty.
    """

    pair: int
    side: PairSide
    run: str
    exit_code: int
    figures: Mapping[str, float] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    reason: str = ""

    @property
    def fails(self) -> bool:
        """Whether a threshold or a gate on the pipeline is broken, whatever else is wrong."""
        return bool(self.failed) or self.exit_code == ExitCode.FAIL

    @property
    def name(self) -> str:
        """The name that identifies it to people."""
        return f"pair {self.pair} {self.side}" + (f" ({self.run})" if self.run else "")


@dataclass(frozen=True)
class LeftOut:
    """A pair that does not count for some figures because one of its runs lacks them.

    Attributes:
        pair: The pair's number.
        side: The run that lacks them.
        run: That run's id; empty if it left no folder.
        figures: The figures; empty if no run has any.
        reason: Why they are missing.
    """

    pair: int
    side: PairSide
    run: str
    figures: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class TurnsResult:
    """The result of a comparison in turn.

    Attributes:
        turns: Every run.
        left_out: What does not count, and why.
        found: The finding on each figure that has at least one complete pair.
        without: The figures that have no complete pair.
    """

    turns: tuple[Turn, ...]
    left_out: tuple[LeftOut, ...]
    found: Mapping[str, PairedResult]
    without: tuple[str, ...]

    def failing(self, side: PairSide) -> tuple[Turn, ...]:
        """Return the runs of a version that broke a threshold or a gate."""
        return tuple(turn for turn in self.turns if turn.side is side and turn.fails)

    @property
    def too_few(self) -> tuple[str, ...]:
        """The figures that have too few pairs because some were left out."""
        short = {x for left in self.left_out for x in left.figures}
        return (
            *self.without,
            *(n for n, x in self.found.items() if n in short and x.pairs < x.pairs_needed),
        )

    @property
    def exit_code(self) -> ExitCode:
        """The command's exit code: 10 if head fails or is worse, 11 without enough pairs."""
        if self.failing(PairSide.HEAD) or any(
            x.finding is PairedFinding.WORSE for x in self.found.values()
        ):
            return ExitCode.FAIL
        return ExitCode.NO_DATA if self.too_few or not self.found else ExitCode.PASS

    @property
    def verdict(self) -> Verdict:
        """The verdict that matches the exit code."""
        return verdict_of(self.exit_code)


def judge_turns(turns: Sequence[Turn]) -> TurnsResult:
    """Return the result of runs in turn.

    A pair counts for a figure if both of its runs have it. A bad run excludes its own pair and no
    other.
    """
    names = tuple(dict.fromkeys(name for turn in turns for name in turn.figures))
    pairs = _pairs(turns)
    figures = {}
    for name in names:
        whole = [(b, h) for b, h in pairs if name in b.figures and name in h.figures]
        if whole:
            base = [b.figures[name] for b, _ in whole]
            head = [h.figures[name] for _, h in whole]
            figures[name] = Pairs(base, head, noise=noise_of(base))
    return TurnsResult(
        turns=tuple(turns),
        left_out=tuple(left for turn in turns if (left := _left_out(turn, names))),
        found=compare_pairs(figures) if figures else {},
        without=tuple(name for name in names if name not in figures),
    )


def _pairs(turns: Sequence[Turn]) -> list[tuple[Turn, Turn]]:
    sides = {side: {t.pair: t for t in turns if t.side is side} for side in PairSide}
    base, head = sides[PairSide.BASE], sides[PairSide.HEAD]
    return [(base[number], head[number]) for number in sorted(base.keys() & head.keys())]


def _left_out(turn: Turn, names: Sequence[str]) -> LeftOut | None:
    """Return what a run lacks; None if it lacks nothing."""
    missing = tuple(name for name in names if name not in turn.figures)
    if turn.figures and not missing:
        return None
    good = turn.exit_code in {ExitCode.PASS, ExitCode.FAIL}
    why = "it has no such figure" if good else turn.reason or f"exit {turn.exit_code}"
    return LeftOut(turn.pair, turn.side, turn.run, missing, why)
