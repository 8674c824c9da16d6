"""Reject impossible content in a run's files."""

from collections.abc import Iterable

from cdc_perf.errors import ExitCode
from cdc_perf.results.manifest import Manifest
from cdc_perf.results.summary import Summary
from cdc_perf.settings.scenarios import HEALTH_CHECK
from cdc_perf.verdict.records import SCHEMA_VERSION, ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict, verdict_of, worst

# Beyond any latency in milliseconds or count of a run; a larger number would fill the page.
_MAX_NUMBER = 1e15


def contradiction(verdict: ScenarioVerdict, scenario: str) -> str:
    """Return what is impossible in a scenario's verdict, as the end of a sentence; else empty."""
    if verdict.schema_version != SCHEMA_VERSION:
        return f"has schema version {verdict.schema_version}"
    if verdict.scenario != scenario:
        return "belongs to another scenario"
    if not is_outcome(verdict.exit_code) or verdict_of(verdict.exit_code) != verdict.verdict:
        return "has a verdict that contradicts its exit code"
    if not _all_plausible(x for t in verdict.thresholds for x in (t.limit, t.observed, t.samples)):
        return "contains an impossible number"
    all_hold = all(
        t.ok is True and t.samples >= t.samples_needed for t in verdict.thresholds
    ) and all(gate.ok is not False for gate in verdict.gates)
    if verdict.verdict is Verdict.PASS and not (all_hold and _judged(verdict)):
        return "says PASS without evidence that every threshold and gate holds"
    return ""


def _judged(verdict: ScenarioVerdict) -> bool:
    """Return whether a PASS has evidence; the health check has no thresholds, only gates."""
    thresholds = verdict.thresholds or verdict.scenario == HEALTH_CHECK
    return bool(thresholds) and bool(verdict.gates)


def plausible_manifest(manifest: Manifest) -> bool:
    """Return whether its numbers are possible in a run."""
    machine, seconds = manifest.machine, manifest.overrides.duration_seconds
    durations = (
        x for entry in manifest.scenarios for x in (entry.seconds, entry.think_time_seconds)
    )
    return _all_plausible((machine.cores, machine.memory, seconds, *durations))


def plausible_summary(summary: Summary) -> bool:
    """Return whether its values are possible in a run."""
    return _all_plausible(x for metric in summary.metrics.values() for x in metric.values.values())


def is_outcome(code: ExitCode) -> bool:
    """Return whether a scenario or a run can end with that code."""
    try:
        worst([code])
    except ValueError:
        return False
    return True


def _all_plausible(numbers: Iterable[float | None]) -> bool:
    # NaN compares false; an integer may be too large for a double.
    return all(n is None or abs(n) <= _MAX_NUMBER for n in numbers)
