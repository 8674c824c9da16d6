"""The result of two versions that ran in turn, as text and as JSON."""

from collections.abc import Mapping

from tabulate import tabulate

from cdc_perf.files import json_text
from cdc_perf.stats.pairs import SIGNIFICANCE, PairedFinding, PairedResult
from cdc_perf.verdict.turns import PairSide, TurnsResult
from cdc_perf.wording import counted

_HEADERS = ("metric", "finding", "head / base", "95% interval", "p", "margin", "pairs")
_SIDES = ("left", "left", "right", "right", "right", "right", "right")


def pairs_table(result: TurnsResult) -> str:
    """Return a table, what was left out, which runs failed, and the result at the end."""
    rows = [(name, *_cells(each)) for name, each in result.found.items()]
    lines = []
    if rows:
        table = tabulate(rows, _HEADERS, colalign=_SIDES, disable_numparse=True)
        lines = [table, ""]
    notes = [*_left_out(result), *_failing(result)]
    return "\n".join([*lines, *notes, *([""] if notes else []), answer(result)])


def pairs_json(result: TurnsResult) -> str:
    """Return the result as JSON."""
    return json_text(
        {
            "verdict": result.verdict,
            "exit_code": result.exit_code,
            "sentence": answer(result),
            "figures": result.found,
            "without": result.without,
            "left_out": result.left_out,
            "runs": result.turns,
        }
    )


def answer(result: TurnsResult) -> str:
    """Return the result in one sentence: head's failures, then figures with too little data."""
    failing = result.failing(PairSide.HEAD)
    if failing:
        runs = sum(turn.side is PairSide.HEAD for turn in result.turns)
        of_base = len(result.failing(PairSide.BASE))
        broken = f"head failed in {len(failing)} of {counted(runs, 'run')}"
        return f"FAIL: {broken} (base: {of_base}); metrics: {_of_figures(result)}"
    return _of_figures(result)


def _of_figures(result: TurnsResult) -> str:
    if any(x.finding is PairedFinding.WORSE for x in result.found.values()):
        return sentence(result.found)
    short = [
        f"{name} has {counted(result.found[name].pairs, 'pair')} of "
        f"{result.found[name].pairs_needed}"
        if name in result.found
        else f"{name} has no pair"
        for name in result.too_few
    ]
    if short:
        return f"NO-DATA: too few pairs remain: {', '.join(short)}"
    if not result.found:
        return "NO-DATA: no runs are comparable"
    return sentence(result.found)


def _left_out(result: TurnsResult) -> list[str]:
    every = {*result.found, *result.without}
    lines = []
    for left in result.left_out:
        complete = set(left.figures) == every
        of = "" if complete else f" for {', '.join(left.figures)}"
        run = f" ({left.run})" if left.run else ""
        lines.append(f"excluded: pair {left.pair}{of}: {left.side}{run}: {left.reason}")
    return lines


def _failing(result: TurnsResult) -> list[str]:
    return [
        f"failed: {turn.name}: {turn.reason}" for side in PairSide for turn in result.failing(side)
    ]


def sentence(found: Mapping[str, PairedResult]) -> str:
    """Return the worst finding, its size, and what would settle the rest."""
    for finding in (PairedFinding.WORSE, PairedFinding.BETTER):
        named = [(name, x) for name, x in found.items() if x.finding is finding]
        if named:
            changes = ", ".join(f"{name} by {_change(result)}" for name, result in named)
            return f"{finding}: {changes}, over {counted(named[0][1].pairs, 'pair')}"
    undecided = [name for name, x in found.items() if x.finding is PairedFinding.INCONCLUSIVE]
    if not found:
        return "inconclusive: no metric has samples in every run"
    pairs = min(x.pairs for x in found.values())
    if not undecided:
        within_margin = f"every metric is within its margin ({_effects(found)})"
        return f"same: {within_margin}, over {counted(pairs, 'pair')}"
    more = max(x.pairs_needed for x in found.values()) - pairs
    if more > 0:
        level = f"at p < {SIGNIFICANCE}"
        more_needed = counted(len(found), f"metric {level} needs", f"metrics {level} need")
        return f"inconclusive: {more_needed} at least {counted(more, 'more pair')} than {pairs}"
    return f"inconclusive: {', '.join(undecided)}; about {3 * pairs} more pairs halve the interval"


def _cells(result: PairedResult) -> tuple[str, ...]:
    low, high = result.interval.low, result.interval.high
    return (
        result.finding,
        f"{result.ratio:.3f}",
        f"{low:.3f} to {high:.3f}",
        f"{result.p_value:.4f}",
        f"{result.effect:.1%}",
        str(result.pairs),
    )


def _effects(found: Mapping[str, PairedResult]) -> str:
    """Return the range of effects from which a change counts: if it is high, `same` says little."""
    effects = [x.effect for x in found.values()]
    ends = dict.fromkeys(f"{each(effects):.1%}" for each in (min, max))
    return " to ".join(ends)


def _change(result: PairedResult) -> str:
    return f"{result.ratio - 1:+.1%}"
