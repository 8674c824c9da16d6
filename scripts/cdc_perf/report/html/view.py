"""The input of the page's templates: complete, so that they compute nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from cdc_perf.report.environment import environment, load_of
from cdc_perf.report.hops import HopRow, hop_rows, hop_sentences
from cdc_perf.report.html.charts import ScenarioCharts, scenario_charts
from cdc_perf.report.html.findings import Errors, Time, errors, integrity, time_spent, times
from cdc_perf.report.html.integrity import IntegrityView, integrity_sentence, integrity_view
from cdc_perf.report.html.k6_metrics import MetricRow, metric_rows
from cdc_perf.report.html.k6_thresholds import k6_threshold_row, verdict_of_k6
from cdc_perf.report.html.recovery import HEADERS, RecoveryRow, recovery_rows
from cdc_perf.report.html.threshold_rows import ThresholdRow, threshold_row
from cdc_perf.report.rows import COLUMNS, cells
from cdc_perf.results.foreign_summary import ForeignSummary
from cdc_perf.results.manifest import Manifest
from cdc_perf.results.summary import NoSummary, Summary
from cdc_perf.runs.row import Row
from cdc_perf.runs.run_data import RunData, ScenarioData
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.executors import Observation
from cdc_perf.settings.scenarios import HEALTH_CHECK, OBSERVE
from cdc_perf.verdict.records import GateResult, ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict


@dataclass(frozen=True)
class ScenarioView:
    """One scenario's part of the page.

    Attributes:
        anchor: The target of links within the page; letters, digits, and dashes.
        name: Its name.
        load: The effective load; empty if unknown.
        verdict: The verdict; None if it was not judged.
        cells: Its row of the overview, with the columns of report/rows.py.
        thresholds: Its thresholds.
        gates: Its gates.
        charts: Its charts; None if nothing can be drawn.
        times: Where the time goes, in figures.
        time_spent: The same in a sentence.
        hops: The way from the commit to the document, hop by hop.
        hop_findings: The findings on the hops, in sentences.
        no_hops: Why hops are missing; else empty.
        integrity: Whether anything was lost, in a sentence.
        compared: The result of the data-loss check.
        errors: Errors by kind.
        no_charts: Why nothing can be drawn; else empty.
        judged_by: What judged the thresholds, as the end of a heading; empty for this project.
        k6_verdict: k6's own thresholds in a sentence, for files without a verdict.
        metrics: Every metric of a summary that k6 wrote by itself.
        recoveries: The recovery from each fault that was injected.
    """

    anchor: str
    name: str
    load: str
    verdict: ScenarioVerdict | None
    cells: Sequence[str]
    thresholds: tuple[ThresholdRow, ...]
    gates: tuple[GateResult, ...]
    charts: ScenarioCharts | None
    times: tuple[Time, ...]
    time_spent: str
    hops: tuple[HopRow, ...]
    hop_findings: tuple[str, ...]
    no_hops: str
    integrity: str
    compared: IntegrityView
    errors: tuple[Errors, ...]
    no_charts: str
    judged_by: str = ""
    k6_verdict: str = ""
    metrics: tuple[MetricRow, ...] = ()
    recoveries: tuple[RecoveryRow, ...] = ()

    @property
    def recovery_headers(self) -> tuple[str, ...]:
        """The columns of the recoveries."""
        return HEADERS

    @property
    def passed(self) -> bool:
        """Whether it was judged and passed."""
        return self.verdict is not None and self.verdict.verdict is Verdict.PASS

    @property
    def followed(self) -> bool:
        """Whether it is a load whose figures count, unlike the health check."""
        return self.name != HEALTH_CHECK or bool(self.metrics)


@dataclass(frozen=True)
class RunView:
    """A run's own part of the page, without its scenarios."""

    name: str
    environment: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    commands: tuple[str, ...]
    missing: tuple[str, ...]


def scenario_view(anchor: str, material: ScenarioData) -> ScenarioView:
    """Return a scenario's part of the page."""
    verdict, series = material.verdict, material.series
    summary, k6 = material.summary, material.k6_thresholds
    hop_findings = hop_sentences(material.hops, material.summary)
    if material.hops is not None and material.hops.note:
        hop_findings = (*hop_findings, material.hops.note)
    return ScenarioView(
        anchor=anchor,
        name=material.name,
        load=load_of(material.entry) if material.entry else "",
        verdict=verdict,
        cells=cells(Row(verdict, material.summary)) if verdict else (),
        thresholds=tuple(map(threshold_row, verdict.thresholds))
        if verdict
        else tuple(map(k6_threshold_row, k6)),
        gates=verdict.gates if verdict else (),
        charts=None
        if isinstance(series, str)
        else scenario_charts(series, material.entry, material.recoveries),
        times=times(material.summary),
        time_spent=" ".join(hop_findings) or "Unknown: the whole way was not measured."
        if _observed(material)
        else time_spent(material.summary, hop_findings),
        hops=hop_rows(material.hops),
        hop_findings=hop_findings,
        no_hops=material.hops.missing if material.hops else "not measured in this run",
        integrity=_lost(material),
        compared=integrity_view(material.integrity),
        errors=errors(material),
        no_charts=series if isinstance(series, str) else "",
        judged_by="" if verdict else _judged_by(summary),
        k6_verdict=verdict_of_k6(k6),
        metrics=metric_rows(summary, material.units) if isinstance(summary, ForeignSummary) else (),
        recoveries=recovery_rows(material.recoveries),
    )


def _judged_by(summary: Summary | NoSummary) -> str:
    if isinstance(summary, NoSummary) or (
        isinstance(summary, ForeignSummary) and not summary.judged
    ):
        return ", judged from the samples"
    return ", judged by k6"


def _lost(material: ScenarioData) -> str:
    """Return whether anything was lost: by the comparison if there is one, and by k6's counts."""
    found = material.integrity
    followed = "" if _observed(material) else integrity(material.summary)
    if isinstance(found, str) or found.unchecked:
        return followed or "Unknown: the rows were not compared."
    return f"{integrity_sentence(found)} {followed}".rstrip()


def _observed(material: ScenarioData) -> bool:
    """Return whether no k6 ran, so that nothing is known but of the stack."""
    return material.entry is not None and isinstance(material.entry.executor, Observation)


def run_view(material: RunData) -> RunView:
    """Return the page's part about a run as a whole."""
    manifest = material.manifest
    return RunView(
        name=material.name,
        environment=environment(manifest) if manifest else (),
        notes=manifest.notes if manifest else (),
        commands=commands(manifest) if manifest else (),
        missing=material.missing,
    )


OVERVIEW = tuple(COLUMNS.items())


def commands(manifest: Manifest) -> tuple[str, ...]:
    """Return the commands that rerun it: check out the measured commit, then run the same load."""
    overrides, versions = manifest.overrides, manifest.versions
    names = [each.name for each in manifest.scenarios if each.name not in (HEALTH_CHECK, OBSERVE)]
    observed = [each.seconds for each in manifest.scenarios if each.name == OBSERVE]
    options = {
        "--observe-only": format_duration(observed[0]) if observed else "",
        "--scenarios": "" if observed else ",".join(names) or HEALTH_CHECK,
        "--duration": format_duration(overrides.duration_seconds)
        if overrides.duration_seconds is not None
        else "",
        "--vus": str(overrides.vus or ""),
        "--repeat": str(overrides.repeat) if overrides.repeat > 1 else "",
        "--env": overrides.environment,
        "--stack": manifest.stack,
        "--pipeline": manifest.pipeline_option,
    }
    faults = (("--fault", each) for each in overrides.faults)
    given = " ".join(
        f"{flag} {quote(value)}" for flag, value in (*options.items(), *faults) if value
    )
    return rerun(versions.commit, f"perf {given}")


def rerun(commit: str, task: str) -> tuple[str, ...]:
    """Return the commands that check a commit out, if it is known, and run a task of it."""
    checkout = [f"git checkout {quote(commit)}"] if commit else []
    return (*checkout, "nox -s dev", f".venv/bin/inv {task}")
