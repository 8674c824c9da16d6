"""A scenario's results over time, and their lasting changes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from tabulate import tabulate

from cdc_perf.files import json_text
from cdc_perf.reasons.figures import figure
from cdc_perf.report.rows import NOTHING
from cdc_perf.results.history import HistoryEntry, history_key
from cdc_perf.results.manifest import Manifest
from cdc_perf.results.summary import NoSummary
from cdc_perf.runs.row import LATENCY, LATENCY_STATS, Row
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.tools.change_points import (
    LEAST_MAGNITUDE,
    LEAST_POINTS,
    MOST_P_VALUE,
    ChangePoint,
)
from cdc_perf.verdict.verdict import Verdict
from cdc_perf.wording import counted

_SHOWN = 20
_MOST_NUMBERS = 10
_BARS = "▁▂▃▄▅▆▇█"
_COMMIT_LENGTH = 10
# Results with other verdicts cannot be trusted: they are shown but not counted.
_COUNTED = (Verdict.PASS, Verdict.FAIL)
RATE = "iterations/s"


def entries_of(manifest: Manifest, rows: Sequence[Row]) -> tuple[HistoryEntry, ...]:
    """Return a run's entries for the history, one for each scenario that k6 started."""
    scenarios = {entry.name: entry for entry in manifest.scenarios}
    return tuple(
        HistoryEntry(
            run_id=manifest.run_id,
            scenario=entry.name,
            key=history_key(manifest, entry),
            started=entry.started,
            commit=manifest.versions.commit,
            changed=manifest.versions.changed,
            verdict=row.verdict.verdict,
            figures=_figures(row),
            environment=manifest.overrides.environment,
        )
        for row in rows
        if row.verdict.scenario != HEALTH_CHECK
        and (entry := scenarios[row.verdict.scenario]).started is not None
    )


def comparable(entries: Sequence[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """Return the entries with the machine, stack, and load of the last one."""
    return tuple(entry for entry in entries if entry.key == entries[-1].key)


def runs_with(entries: Sequence[HistoryEntry], name: str) -> list[HistoryEntry]:
    """Return the counted runs that have a figure; a run that lacks it hides no other."""
    return [x for x in entries if x.verdict in _COUNTED and name in x.figures]


def series_of(entries: Sequence[HistoryEntry]) -> dict[str, list[float]]:
    """Return the values of each figure, by name, of the counted runs that have it."""
    return {
        name: [entry.figures[name] for entry in runs]
        for name in (*_NAMES, RATE)
        if (runs := runs_with(entries, name))
    }


@dataclass(frozen=True)
class ComparableRuns:
    """Comparable runs, and the lasting changes of their figures.

    Attributes:
        entries: The runs, in time order, at least one.
        changes: By figure; an index is that of `runs_with`. A missing figure has too few values.
    """

    entries: tuple[HistoryEntry, ...]
    changes: Mapping[str, Sequence[ChangePoint]]


def comparable_groups(
    entries: Sequence[HistoryEntry],
    find: Callable[[Mapping[str, Sequence[float]]], Mapping[str, Sequence[ChangePoint]]],
) -> tuple[ComparableRuns, ...]:
    """Return the runs grouped by machine, stack, and load; the last run's group comes first.

    Each group is searched, so that a last run with other settings does not hide earlier changes.

    Args:
        entries: The entries of one scenario, in time order, at least one.
        find: Returns the change points of series, by name; called at most once.
    """
    groups: dict[str, tuple[HistoryEntry, ...]] = {}
    rest = entries
    while rest:
        group = comparable(rest)
        groups[group[-1].key] = group
        rest = [entry for entry in rest if entry.key not in groups]
    searched = {
        f"{key} {name}": values
        for key, group in groups.items()
        for name, values in series_of(group).items()
        if len(values) >= LEAST_POINTS
    }
    found = find(searched) if searched else {}
    return tuple(
        ComparableRuns(
            group,
            {
                name: found.get(f"{key} {name}", ())
                for name in (*_NAMES, RATE)
                if f"{key} {name}" in searched
            },
        )
        for key, group in groups.items()
    )


def history_text(
    entries: Sequence[HistoryEntry],
    others: int,
    changes: Mapping[str, Sequence[ChangePoint]],
    other_groups: Sequence[ComparableRuns] = (),
    unreadable: Sequence[int] = (),
) -> str:
    """Return the last runs as a table, a sparkline of each figure, and the change points.

    Args:
        entries: Comparable entries, in time order, at least one.
        others: The number of further entries that are not comparable with these.
        changes: By figure; a missing figure has too few values.
        other_groups: Those further entries, in comparable groups.
        unreadable: The numbers of the file's lines without a valid entry.
    """
    rows = [_cells(entry) for entry in entries[-_SHOWN:]]
    sides = ("left", "left", "left", *["right"] * (len(_NAMES) + 1))
    headers = ("run", "commit", "verdict", *(f"{name} ms" for name in _NAMES), RATE)
    lines = [tabulate(rows, headers, colalign=sides, disable_numparse=True), ""]
    series = series_of(entries)
    width = max(map(len, series), default=0)
    lines += [f"{name:{width}}  {sparkline(values[-60:])}" for name, values in series.items()]
    lines += ["", *_sentences(entries, changes)]
    if others:
        count = counted(others, "other run")
        lines.append(f"{count} with a different machine, stack, or load")
    for group in other_groups:
        lead = f"{counted(len(group.entries), 'run')} comparable with {group.entries[-1].run_id}"
        lines += [f"{lead}: {line}" for line in _changes(group.entries, group.changes)]
    if unreadable:
        numbers = ", ".join(map(str, unreadable[:_MOST_NUMBERS]))
        more = ", ..." if len(unreadable) > _MOST_NUMBERS else ""
        count = counted(len(unreadable), "unreadable line")
        lines.append(f"ignored {count} of history.jsonl: {numbers}{more}")
    return "\n".join(lines)


def history_json(
    entries: Sequence[HistoryEntry],
    changes: Mapping[str, Sequence[ChangePoint]],
    other_groups: Sequence[ComparableRuns] = (),
    unreadable: Sequence[int] = (),
) -> str:
    """Return the history as JSON, with every entry."""
    return json_text(
        {
            "runs": entries,
            "change_points": _with_runs(entries, changes),
            "elsewhere": [
                {"runs": x.entries, "change_points": _with_runs(x.entries, x.changes)}
                for x in other_groups
            ],
            "unreadable_lines": unreadable,
        }
    )


def _with_runs(
    entries: Sequence[HistoryEntry], changes: Mapping[str, Sequence[ChangePoint]]
) -> dict[str, list[dict[str, object]]]:
    return {
        name: [
            {**asdict(point), "run_id": runs_with(entries, name)[point.index].run_id}
            for point in points
        ]
        for name, points in changes.items()
    }


def sparkline(values: Sequence[float]) -> str:
    """Return a bar for each value, scaled from the smallest to the largest."""
    least, most = min(values), max(values)
    span = (most - least) or 1.0
    return "".join(_BARS[round((value - least) / span * (len(_BARS) - 1))] for value in values)


_NAMES = tuple(f"e2e {name}" for name in LATENCY_STATS)


def _figures(row: Row) -> dict[str, float]:
    summary = row.summary
    if isinstance(summary, NoSummary):
        return {}
    found = {
        name: summary.observed(LATENCY, stat)
        for name, stat in zip(_NAMES, LATENCY_STATS.values(), strict=True)
        if summary.samples(LATENCY)
    }
    found[RATE] = summary.observed("iterations", "rate")
    return {name: value for name, value in found.items() if value}


def commit_text(entry: HistoryEntry) -> str:
    """Return the begin of a run's commit, and whether the checkout differed from it."""
    commit = entry.commit[:_COMMIT_LENGTH] or NOTHING
    return f"{commit}{' (modified)' if entry.changed else ''}"


def _cells(entry: HistoryEntry) -> list[str]:
    figures = (entry.figures.get(name) for name in (*_NAMES, RATE))
    return [
        entry.run_id,
        commit_text(entry),
        entry.verdict,
        *(NOTHING if value is None else figure(value) for value in figures),
    ]


def _sentences(
    entries: Sequence[HistoryEntry], changes: Mapping[str, Sequence[ChangePoint]]
) -> list[str]:
    run_counts = {name: len(runs_with(entries, name)) for name in (*_NAMES, RATE)}
    judged = sum(entry.verdict in _COUNTED for entry in entries)
    if max(run_counts.values()) < LEAST_POINTS:
        line = f"Needs {LEAST_POINTS} judged runs to detect a lasting change; has {judged}"
        fewer = judged >= LEAST_POINTS
        return [f"{line}, but no metric in {LEAST_POINTS} of them" if fewer else line]
    sentences = _changes(entries, changes)
    if not sentences:
        least = f"{LEAST_MAGNITUDE:.0%}"
        sentences = [
            f"no lasting change of {least} or more over {judged} runs (p < {MOST_P_VALUE})"
        ]
    short = {name: count for name, count in run_counts.items() if count < judged}
    return sentences + [
        f"{name} is missing from {counted(judged - count, 'run')}"
        + ("" if count >= LEAST_POINTS else f"; {count} are too few to detect a change")
        for name, count in short.items()
    ]


def _changes(
    entries: Sequence[HistoryEntry], changes: Mapping[str, Sequence[ChangePoint]]
) -> list[str]:
    return [
        f"{name} changed by {point.after / point.before - 1:+.0%} "
        f"(mean {figure(point.before)} to {figure(point.after)}, p < {MOST_P_VALUE}) "
        f"since run {run.run_id}, commit {run.commit[:_COMMIT_LENGTH] or NOTHING}"
        for name, points in changes.items()
        for point in points
        for run in [runs_with(entries, name)[point.index]]
    ]
