"""What moved between two runs of a scenario: both values and their samples, and no judgement.

One run against one says nothing of significance; `inv compare` over repeated runs does.
"""

from collections.abc import Mapping

from scripts.report.markdown import table
from scripts.report.recorded import Measured
from scripts.report.rows import LATENCY, LATENCY_STATS, NOTHING
from scripts.results.manifest import Manifest
from scripts.results.summary import NoSummary, Summary
from scripts.verdict.figures import figure

_GIB = 1024**3
_COLUMNS = {
    "scenario": "left",
    "figure": "left",
    "before": "right",
    "samples before": "right",
    "now": "right",
    "samples now": "right",
    "change": "right",
}


def incomparable(before: Measured, now: Measured) -> str:
    """Return what makes two runs of one scenario measure different things; empty: nothing does.

    The stack, the effective load, the environment of the limits, and the machine have to be the
    same. A machine is told by its processor, its cores and its memory in GiB: the kernel's and
    Python's versions change with every image of a hosted runner.
    """
    scenario = now.row.verdict.scenario
    old, new = before.run.manifest, now.run.manifest
    was, is_ = before.run.entry(scenario), now.run.entry(scenario)
    differences = {
        "another stack": old.stack != new.stack,
        "another load": (was.executor, was.seconds, was.think_time_seconds)
        != (is_.executor, is_.seconds, is_.think_time_seconds),
        "limits of another environment": old.overrides.environment != new.overrides.environment,
        "another machine": _fingerprint(old) != _fingerprint(new),
        "no summary before": isinstance(before.row.summary, NoSummary),
        "no summary now": isinstance(now.row.summary, NoSummary),
    }
    return ", ".join(name for name, differs in differences.items() if differs)


def changes_table(pairs: Mapping[str, tuple[Measured, Measured]]) -> str:
    """Return the figures of pairs of comparable runs, before and now, as Markdown.

    Args:
        pairs: By scenario.
    """
    return table(
        list(_COLUMNS),
        [
            [scenario, *cells]
            for scenario, (before, now) in pairs.items()
            for cells in _figures(before.row.summary, now.row.summary)
        ],
        list(_COLUMNS.values()),
    )


def _figures(before: Summary | NoSummary, now: Summary | NoSummary) -> list[list[str]]:
    if isinstance(before, NoSummary) or isinstance(now, NoSummary):
        return []
    wanted = [
        *(
            (f"e2e {stat.replace('(', '').replace(')', '')}, ms", LATENCY, stat, LATENCY)
            for stat in LATENCY_STATS
        ),
        ("iterations/s", "iterations", "rate", ""),
        ("errors", "cdc_success_rate", "fails", "cdc_success_rate"),
    ]
    return [
        [
            name,
            *_side(before, metric, stat, sampled),
            *_side(now, metric, stat, sampled),
            _change(before.observed(metric, stat), now.observed(metric, stat)),
        ]
        for name, metric, stat, sampled in wanted
    ]


def _side(summary: Summary, metric: str, stat: str, sampled: str) -> tuple[str, str]:
    """Return a value and the samples behind it; a rate of iterations has as many as those were."""
    value = summary.observed(metric, stat)
    samples = summary.samples(sampled) if sampled else int(summary.observed(metric, "count") or 0)
    return NOTHING if value is None or not samples else figure(value), f"{samples:,}"


def _change(before: float | None, now: float | None) -> str:
    if before is None or now is None:
        return NOTHING
    if before == now:
        return "none"
    return f"{now - before:+,.4g}" if before == 0 else f"{(now - before) / before:+.1%}"


def _fingerprint(manifest: Manifest) -> tuple[str, str, int, int]:
    machine = manifest.machine
    return machine.architecture, machine.cpu, machine.cores, round(machine.memory / _GIB)
