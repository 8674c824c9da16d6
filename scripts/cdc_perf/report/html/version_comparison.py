"""The report of a comparison of two versions."""

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote

from cdc_perf.errors import ExitCode
from cdc_perf.report.differences import SettingDifference
from cdc_perf.report.environment import machine_pairs
from cdc_perf.report.html.document import document
from cdc_perf.report.html.version_charts import version_charts
from cdc_perf.report.html.version_rows import OF_STARTS, Rows, rows_of
from cdc_perf.report.html.view import rerun
from cdc_perf.report.rows import NOTHING
from cdc_perf.report.version_comparison import (
    INTERVALS,
    effort,
    headline,
    moved,
    notes,
    sentence,
    title,
)
from cdc_perf.results.comparison import Comparison, Version
from cdc_perf.settings.durations import format_duration
from cdc_perf.verdict.comparison import Answer, ComparisonAnswer
from cdc_perf.verdict.comparison_figures import HOPS
from cdc_perf.wording import counted

_TONES = {
    Answer.WORSE: "fail",
    Answer.BETTER: "pass",
    Answer.SAME: "pass",
    Answer.INCONCLUSIVE: "no-data",
}


@dataclass(frozen=True)
class VersionView:
    """The page's text and tables.

    Attributes:
        name: The name of the comparison.
        word: The answer in a word.
        tone: The class of its color.
        headline: The answer in a sentence.
        reasons: Where the time moved, and the other figures, in a sentence each.
        effort: How the comparison ended, and how much was measured.
        base: The version to compare with.
        head: The version that is judged.
        rows: The tables' rows.
        of_starts: The names of the figures that each start shows.
        effect: The smallest change that matters.
        moved: Where the time moved, in a sentence.
        intervals: What the intervals contain, in a sentence.
        differences: What differs between the versions.
        left_out: What is missing and what was left out, in a sentence each.
        commands: How to rerun it.
        environment: What the measurement depends on.
    """

    name: str
    word: str
    tone: str
    headline: str
    reasons: tuple[str, ...]
    effort: str
    base: str
    head: str
    rows: Rows
    of_starts: tuple[str, ...]
    effect: str
    moved: str
    intervals: str
    differences: tuple[SettingDifference, ...]
    left_out: tuple[str, ...]
    commands: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


def comparison_html(comparison: Comparison, answer: ComparisonAnswer) -> str:
    """Return report.html of a comparison of two versions."""
    charts = version_charts(comparison)
    return document(
        "version_comparison.html.j2",
        {charts.anchor: charts.data()},
        {"view": _view(comparison, answer), "charts": charts, "tones": _TONES},
    )


def _view(comparison: Comparison, answer: ComparisonAnswer) -> VersionView:
    rows = rows_of(comparison, answer)
    invalid = answer.exit_code is ExitCode.INVALID
    return VersionView(
        name=comparison.comparison_id,
        word="invalid" if invalid else answer.answer,
        tone="invalid" if invalid else _TONES[answer.answer],
        headline=headline(answer),
        reasons=tuple(_reasons(answer)),
        effort=effort(comparison, answer),
        base=comparison.base.short,
        head=comparison.head.short,
        rows=rows,
        of_starts=tuple(map(title, OF_STARTS)),
        effect=f"{100 * comparison.effect:.3g}%",
        moved=_moved(answer),
        intervals=INTERVALS.replace("`", '"'),
        differences=tuple(_differences(comparison)),
        left_out=(*notes(answer), *_unpaired(comparison, answer)),
        commands=_commands(comparison),
        environment=_environment(comparison),
    )


def _reasons(answer: ComparisonAnswer) -> Iterator[str]:
    """Yield where the time moved, then the sentences on figures that the headline leaves out."""
    if where := moved(answer):
        yield where
    said = headline(answer)
    for each in answer.figures:
        if each.figure not in HOPS and title(each.figure) not in said:
            yield sentence(each)


def _moved(answer: ComparisonAnswer) -> str:
    """Return where the time moved, also if the answer does not depend on it."""
    changed = [x for x in answer.figures if x.figure in HOPS and x.is_significant]
    return moved(answer) or "; ".join(map(sentence, changed)) or "no hop changed significantly"


def _unpaired(comparison: Comparison, answer: ComparisonAnswer) -> Iterator[str]:
    """Yield how many valid slices lack a neighbor, which the pairs of an interrupted start may."""
    valid = sum(not (each.invalid or x.fault) for x in comparison.starts for each in x.slices)
    if alone := valid - answer.slices:
        yield f"left out: {counted(alone, 'valid slice')} without a neighbor of the other version"


def _differences(comparison: Comparison) -> Iterator[SettingDifference]:
    base, head = comparison.base, comparison.head
    if base.short != head.short:
        yield SettingDifference("version", base.short, head.short)
    for name, (before, now) in comparison.changed_settings.items():
        yield SettingDifference(name, before or NOTHING, now or NOTHING)


def _commands(comparison: Comparison) -> tuple[str, ...]:
    versions = " ".join(_argument(each) for each in (comparison.base, comparison.head))
    options = {
        "--minutes": f"{comparison.minutes:g}",
        "--effect": f"{100 * comparison.effect:g}%",
        "--rate": f"{comparison.rate:g}",
        "--pipeline": comparison.pipeline,
    }
    given = " ".join(f"{flag} {quote(value)}" for flag, value in options.items() if value)
    return rerun(comparison.harness.commit, f"compare {versions} {given}")


def _argument(version: Version) -> str:
    """Return the word that names a version: its commit, or its folder if that differs from it."""
    return quote(version.commit if version.commit and not version.changed else version.name)


def _environment(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    harness = comparison.harness
    changed = ", with uncommitted changes" if harness.changed else ""
    pairs = (
        ("comparison", comparison.comparison_id),
        ("began", f"{comparison.began:%Y-%m-%d %H:%M:%S} UTC"),
        *machine_pairs(comparison.machine),
        ("harness", f"{harness.project} {harness.commit}{changed}".strip()),
        ("k6", harness.k6),
        ("pipeline", comparison.pipeline),
        ("workload", comparison.workload),
        ("load", f"{comparison.rate:,.4g} changes/s"),
        ("slice", format_duration(comparison.slice_seconds)),
        ("time limit", f"{comparison.minutes:g} minutes"),
        ("change that matters", f"{100 * comparison.effect:.3g}%"),
        *((name, text) for name, text in sorted(harness.components.items())),
    )
    return tuple((name, text) for name, text in pairs if text)
