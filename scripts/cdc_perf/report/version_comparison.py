"""The answer on a comparison of two versions, as text, as Markdown, and as JSON."""

from collections.abc import Iterable, Sequence

from tabulate import tabulate

from cdc_perf.files import json_text
from cdc_perf.reasons.figures import figure as number
from cdc_perf.report.markdown import quoted, table
from cdc_perf.report.rows import NOTHING, printable
from cdc_perf.results.comparison import Comparison, ComparisonStatus
from cdc_perf.settings.hops import TOTAL
from cdc_perf.stats.claims import SAME_ERROR
from cdc_perf.verdict.comparison import (
    FAMILY_ERROR,
    Answer,
    ComparisonAnswer,
    FigureAnswer,
    LeftOut,
    Missing,
)
from cdc_perf.verdict.comparison_figures import E2E_P50, E2E_P95, E2E_P99, FAILED_CHANGES, HOPS
from cdc_perf.wording import counted

_TITLES = {
    E2E_P50: "p50",
    E2E_P95: "p95",
    E2E_P99: "p99",
    FAILED_CHANGES: "failed changes",
    TOTAL.metric: "commit to sink mean",
}
# The figures that an answer depends on: any can be worse; without that, the first two decide.
_DECISIVE = {
    Answer.WORSE: (E2E_P50, E2E_P95, E2E_P99, FAILED_CHANGES),
    Answer.BETTER: (E2E_P50, E2E_P95),
    Answer.SAME: (E2E_P50, E2E_P95),
    Answer.INCONCLUSIVE: (E2E_P50, E2E_P95),
}
_MOVED = (Answer.WORSE, Answer.BETTER)
_ENDED = {
    ComparisonStatus.RUNNING: "not finished",
    ComparisonStatus.SETTLED: "settled",
    ComparisonStatus.COMPLETE: "the time is over",
    ComparisonStatus.INTERRUPTED: "interrupted",
}
COLUMNS = {
    "figure": "left",
    "answer": "left",
    "base": "right",
    "head": "right",
    "change": "right",
    "interval": "right",
    "found from": "right",
    "starts": "right",
}
INTERVALS = (
    f"Intervals hold at every look: with {1 - FAMILY_ERROR:.0%} confidence for all figures "
    f"together; those of `same` with {1 - SAME_ERROR:.0%} each"
)
_WHOLE_FROM = 0.0995
_MOST_LEFT_OUT = 20


def title(code: str) -> str:
    """Return a figure's name for people: `p50`, `Debezium to Kafka mean`."""
    return _TITLES.get(code) or f"{HOPS[code].title} mean"


def sentence(figure: FigureAnswer) -> str:
    """Return the answer on a figure in a sentence: `p50 +11% (7.2 to 15%): worse`."""
    if figure.answer is Answer.SAME and not figure.is_significant:
        return f"{title(figure.figure)}: no change{_power([figure])}"
    if figure.answer is Answer.SAME:
        return f"{_finding(figure)}: same, below the {100 * figure.effect:g}% that matters"
    if figure.answer is Answer.INCONCLUSIVE and figure.minutes_needed is not None:
        minutes = counted(figure.minutes_needed, "minute")
        return f"{_finding(figure)}: inconclusive; about {minutes} would settle it"
    return f"{_finding(figure)}: {figure.answer}"


def headline(answer: ComparisonAnswer) -> str:
    """Return the answer on the comparison in one sentence."""
    if not answer.slices:
        return "no valid slice: there is nothing to compare"
    decisive = [x for x in answer.figures if x.figure in _DECISIVE[answer.answer]]
    shown = [x for x in decisive if x.answer is answer.answer]
    if answer.answer is Answer.SAME and not any(x.is_significant for x in shown):
        return f"no change{_power(shown)}"
    if answer.answer in _MOVED:
        return f"{', '.join(map(_finding, shown))}: {answer.answer}"
    codes = {x.figure for x in shown}
    missing = [_missing(x) for x in answer.missing if x.figure in codes]
    return "; ".join([*map(sentence, shown), *missing])


def moved(answer: ComparisonAnswer) -> str:
    """Return which hops became slower or faster, the largest difference first; may be empty.

    If the comparison stopped before any hop was significant, it is the largest difference alone.
    """
    if answer.answer not in _MOVED:
        return ""
    hops = sorted(
        (
            (x.head - x.base, x)
            for x in answer.figures
            if x.figure in HOPS and x.figure != TOTAL.metric and x.base and x.head
        ),
        key=lambda hop: -abs(hop[0]),
    )
    found = [f"{_finding(x)}, {by:+.2f} ms" for by, x in hops if x.answer in _MOVED]
    if found:
        return f"moved: {'; '.join(found)}"
    largest = [f"{_finding(x)}, {by:+.2f} ms" for by, x in hops[:1]]
    return f"no hop alone is significant; the largest difference: {largest[0]}" if largest else ""


def comparison_table(comparison: Comparison, answer: ComparisonAnswer) -> str:
    """Return the answer for a terminal: the table, what is missing, and the headline at the end."""
    rows = [cells(each) for each in answer.figures]
    text = tabulate(rows, list(COLUMNS), colalign=COLUMNS.values(), disable_numparse=True)
    versions = f"base {printable(comparison.base.short)}, head {printable(comparison.head.short)}"
    remarks = [printable(note) for note in notes(answer)]
    lines = [text, "", f"{INTERVALS}.", versions, effort(comparison, answer), *remarks]
    return "\n".join([*lines, "", *filter(None, [moved(answer)]), headline(answer)])


def comparison_markdown(comparison: Comparison, answer: ComparisonAnswer) -> str:
    """Return the answer as Markdown, for a job summary and a comment."""
    base, head = quoted(comparison.base.short), quoted(comparison.head.short)
    facts = [
        f"base {base}, head {head}",
        effort(comparison, answer),
        INTERVALS,
        *(quoted(note) for note in notes(answer)),
    ]
    blocks = [
        f"**{answer.answer}**: {headline(answer)}",
        moved(answer),
        table(list(COLUMNS), [cells(each) for each in answer.figures], list(COLUMNS.values())),
        "\n".join(f"- {fact}" for fact in facts),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def comparison_json(comparison: Comparison, answer: ComparisonAnswer) -> str:
    """Return the answer, its sentence, and what was measured as JSON."""
    return json_text(
        {"sentence": headline(answer), "answer": answer, "comparison": comparison},
    )


def notes(answer: ComparisonAnswer) -> Sequence[str]:
    """Return what is missing and what was left out, in a sentence each."""
    missing = list(map(_missing, answer.missing))
    left_out = [_left_out(each) for each in answer.left_out[:_MOST_LEFT_OUT]]
    more = len(answer.left_out) - len(left_out)
    return [*missing, *left_out, *([f"and {more:,} more"] if more else [])]


def cells(figure: FigureAnswer) -> tuple[str, ...]:
    """Return the text of each column."""
    return (
        title(figure.figure),
        figure.answer,
        _value(figure, figure.base),
        _value(figure, figure.head),
        NOTHING if figure.ratio is None else change_text(figure.ratio),
        _interval(figure),
        _share(figure.mde),
        f"{figure.starts}",
    )


def change_text(ratio: float) -> str:
    """Return a ratio as a change: `+11%`, `-4.2%`."""
    return f"{'+' if ratio >= 1 else ''}{_digits(ratio - 1)}%"


def _finding(figure: FigureAnswer) -> str:
    """Return what was found, without the answer: `p50 +11% (7.2 to 15%)`."""
    name = title(figure.figure)
    if figure.figure == FAILED_CHANGES:
        head, base = _value(figure, figure.head), _value(figure, figure.base)
        return f"{name} {head} on head, {base} on base"
    if figure.ratio is None:
        return f"{name} not measured on both sides"
    interval = _interval(figure)
    shown = f"after {counted(figure.starts, 'start')}" if interval == NOTHING else interval
    return f"{name} {change_text(figure.ratio)} ({shown})"


def _power(figures: Iterable[FigureAnswer]) -> str:
    """Return which changes would have been found, as the end of a sentence."""
    found = [(x, _share(x.mde)) for x in figures if x.mde is not None]
    if len(found) == 1:
        return f"; a change above {found[0][1]} would have been found"
    each = " or ".join(f"above {share} in {title(x.figure)}" for x, share in found)
    return f"; a change {each} would have been found" if each else ""


def effort(comparison: Comparison, answer: ComparisonAnswer) -> str:
    """Return how the comparison ended, what counts, and the time it took."""
    starts, slices = counted(answer.starts, "start"), counted(answer.slices, "slice")
    took = f"{comparison.seconds / 60:.1f} of {comparison.minutes:g} minutes"
    return f"{_ENDED[comparison.status]}: {starts} with {slices}, {took}"


def _missing(missing: Missing) -> str:
    slices = counted(missing.slices, "slice")
    return f"{title(missing.figure)} is missing on {missing.side} in {slices}"


def _left_out(left: LeftOut) -> str:
    part = f", slice {left.slice} ({left.side})" if left.slice else ""
    return f"left out: start {left.start}{part}: {left.reason}"


def _value(figure: FigureAnswer, value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:.2%}" if figure.figure == FAILED_CHANGES else number(value, "ms")


def _interval(figure: FigureAnswer) -> str:
    if figure.low is None or figure.high is None:
        return NOTHING
    return f"{_digits(figure.low - 1)} to {_digits(figure.high - 1)}%"


def _share(share: float | None) -> str:
    return NOTHING if share is None else f"{_digits(share)}%"


def _digits(share: float) -> str:
    """Return a share in percent: one decimal below 10%."""
    return f"{100 * share:,.{0 if abs(share) >= _WHOLE_FROM else 1}f}"
