"""What a scenario came to, run after run, and where that changed for good."""

from collections.abc import Mapping, Sequence

from tabulate import tabulate

from scripts.files import json_text
from scripts.report.rows import LATENCY, LATENCY_STATS, NOTHING, Row
from scripts.results.history import HistoryEntry, history_key
from scripts.results.manifest import Manifest
from scripts.results.summary import NoSummary
from scripts.settings.scenarios import HEALTH_CHECK
from scripts.tools.change_points import LEAST_POINTS, MOST_P_VALUE, ChangePoint
from scripts.verdict.figures import figure
from scripts.verdict.verdict import Verdict
from scripts.wording import counted

_SHOWN = 20
_BARS = "▁▂▃▄▅▆▇█"
_COMMIT_LENGTH = 10
# What is not to be believed is shown, and not counted.
_COUNTED = (Verdict.PASS, Verdict.FAIL)
RATE = "iterations/s"


def entries_of(manifest: Manifest, rows: Sequence[Row]) -> tuple[HistoryEntry, ...]:
    """Return a run's entries for the history: a scenario each that was loaded."""
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
        )
        for row in rows
        if row.verdict.scenario != HEALTH_CHECK
        and (entry := scenarios[row.verdict.scenario]).started is not None
    )


def comparable(entries: Sequence[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """Return those that were measured like the last one: same machine, stack and load."""
    return tuple(entry for entry in entries if entry.key == entries[-1].key)


def series_of(entries: Sequence[HistoryEntry]) -> dict[str, list[float]]:
    """Return the values of each figure that every run to be counted has, by name."""
    judged = [entry for entry in entries if entry.verdict in _COUNTED]
    names = [name for name in (*_NAMES, RATE) if judged and all(name in x.figures for x in judged)]
    return {name: [entry.figures[name] for entry in judged] for name in names}


def history_text(
    entries: Sequence[HistoryEntry],
    others: int,
    changes: Mapping[str, Sequence[ChangePoint]],
) -> str:
    """Return the last runs as a table, a sparkline of each figure, and the change points.

    Args:
        entries: Comparable ones, in the order of time, at least one.
        others: How many more there are that cannot be compared with these.
        changes: By figure.
    """
    rows = [_cells(entry) for entry in entries[-_SHOWN:]]
    sides = ("left", "left", "left", *["right"] * (len(_NAMES) + 1))
    headers = ("run", "commit", "verdict", *(f"{name} ms" for name in _NAMES), RATE)
    lines = [tabulate(rows, headers, colalign=sides, disable_numparse=True), ""]
    series = series_of(entries)
    width = max(map(len, series), default=0)
    lines += [f"{name:{width}}  {sparkline(values[-60:])}" for name, values in series.items()]
    judged = [entry for entry in entries if entry.verdict in _COUNTED]
    lines += ["", *_told(judged, changes)]
    if others:
        said = counted(others, "further run was", "further runs were")
        lines.append(f"{said} on another machine, stack or load")
    return "\n".join(lines)


def history_json(
    entries: Sequence[HistoryEntry], changes: Mapping[str, Sequence[ChangePoint]]
) -> str:
    """Return the same for programs, of every entry."""
    return json_text({"runs": entries, "change_points": changes})


def sparkline(values: Sequence[float]) -> str:
    """Return a bar for each value, from the smallest to the largest of them."""
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


def _cells(entry: HistoryEntry) -> list[str]:
    commit = entry.commit[:_COMMIT_LENGTH] or NOTHING
    figures = (entry.figures.get(name) for name in (*_NAMES, RATE))
    return [
        entry.run_id,
        f"{commit}{' and changes' if entry.changed else ''}",
        entry.verdict,
        *(NOTHING if value is None else figure(value) for value in figures),
    ]


def _told(
    judged: Sequence[HistoryEntry], changes: Mapping[str, Sequence[ChangePoint]]
) -> list[str]:
    if len(judged) < LEAST_POINTS:
        wanted = f"a change for good is looked for from {LEAST_POINTS} runs on"
        return [f"{wanted}; there are {len(judged)} that passed or failed"]
    told = [
        f"{name} changed by {point.after / point.before - 1:+.0%} "
        f"(mean {figure(point.before)} to {figure(point.after)}, p < {MOST_P_VALUE}) "
        f"with run {judged[point.index].run_id}, commit "
        f"{judged[point.index].commit[:_COMMIT_LENGTH] or NOTHING}"
        for name, points in changes.items()
        for point in points
    ]
    return told or [f"nothing changed for good over {len(judged)} runs (p < {MOST_P_VALUE}, 5 %)"]
