"""What comes of two versions that were measured in turn, for people and for programs."""

from collections.abc import Mapping

from tabulate import tabulate

from scripts.files import json_text
from scripts.verdict.pairs import SIGNIFICANCE, Finding, PairedResult
from scripts.wording import counted

_HEADERS = ("figure", "finding", "head / base", "95 % interval", "p", "counts from", "pairs")
_SIDES = ("left", "left", "right", "right", "right", "right", "right")


def pairs_table(found: Mapping[str, PairedResult]) -> str:
    """Return a table, and the result in one sentence at its end."""
    rows = [(name, *_cells(result)) for name, result in found.items()]
    table = tabulate(rows, _HEADERS, colalign=_SIDES, disable_numparse=True)
    return f"{table}\n\n{sentence(found)}"


def pairs_json(found: Mapping[str, PairedResult]) -> str:
    """Return the same for programs."""
    return json_text({"sentence": sentence(found), "figures": found})


def sentence(found: Mapping[str, PairedResult]) -> str:
    """Return the result: the worst that was found, by how much, and what would settle the rest."""
    for finding in (Finding.WORSE, Finding.BETTER):
        named = [(name, x) for name, x in found.items() if x.finding is finding]
        if named:
            told = ", ".join(f"{name} by {_change(result)}" for name, result in named)
            return f"{finding}: {told}, over {counted(named[0][1].pairs, 'pair')}"
    undecided = [name for name, x in found.items() if x.finding is Finding.INCONCLUSIVE]
    if not found:
        return "inconclusive: no figure has samples in every run"
    pairs = next(iter(found.values())).pairs
    if not undecided:
        held = f"every figure within what counts ({_effects(found)})"
        return f"same: {held}, over {counted(pairs, 'pair')}"
    more = max(x.pairs_needed for x in found.values()) - pairs
    if more > 0:
        level = f"at p < {SIGNIFICANCE}"
        wanting = counted(len(found), f"figure {level} needs", f"figures {level} need")
        return f"inconclusive: {wanting} at least {counted(more, 'more pair')} than {pairs}"
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
    """Return from which changes on they count: where runs differ much, `same` says little."""
    effects = [x.effect for x in found.values()]
    ends = dict.fromkeys(f"{each(effects):.1%}" for each in (min, max))
    return " to ".join(ends)


def _change(result: PairedResult) -> str:
    return f"{result.ratio - 1:+.1%}"
