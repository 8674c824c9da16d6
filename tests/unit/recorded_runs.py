"""Run folders as `inv perf` leaves them: made-up measurements, judged by the real judge.

A test spoils one thing. The stub that stands in for `inv perf` under act writes them too.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from cdc_perf.errors import ExitCode
from cdc_perf.files import readable_json, write_atomically
from cdc_perf.load.overrides import Overrides
from cdc_perf.reasons import runs as reasons
from cdc_perf.report.markdown import run_markdown, settings_line
from cdc_perf.results.manifest import (
    Machine,
    Manifest,
    RunStatus,
    ScenarioEntry,
    ThresholdEntry,
    Versions,
)
from cdc_perf.results.run_folder import RunFolder
from cdc_perf.results.summary import Check, Metric, NoSummary, Summary
from cdc_perf.runs.row import Row
from cdc_perf.settings.executors import ConstantArrivalRate, ConstantVus
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import HEALTH_CHECK, load_scenarios
from cdc_perf.settings.threshold_file import load_thresholds
from cdc_perf.verdict.judge import judge, judge_run, not_run
from cdc_perf.verdict.records import ScenarioVerdict
from tests.unit.measured import (
    CLEAN,
    GOOD,
    LATENCY,
    counter,
    evidence,
    rate,
    summary,
    threshold,
    trend,
)

LIMIT = threshold("cdc_e2e_latency", "p95<=2000")
SLOW: Mapping[str, Metric] = {**GOOD, LATENCY: trend(540, p50=1200.0, p95=2310.0, p99=4100.0)}
FEW: Mapping[str, Metric] = {**GOOD, LATENCY: trend(12, p50=36.4, p95=51.2, p99=73.0)}
FAST: Mapping[str, Metric] = {**GOOD, LATENCY: trend(600, p50=30.0, p95=40.0, p99=60.0)}
# With every metric that the thresholds of the usual scenarios are set on.
COMPLETE: Mapping[str, Metric] = {
    **GOOD,
    "pg_write_duration{phase:steady}": trend(540, p95=12.0),
    "mongo_read_duration{phase:steady}": trend(540, p95=8.0),
}
LOSSY: Mapping[str, Metric] = {**GOOD, "cdc_success_rate": rate(588, 12)}

_STARTED = datetime(2026, 11, 24, 2, 0, 0, tzinfo=UTC)
MACHINE = Machine(
    system="Linux 6.8.0",
    architecture="x86_64",
    cpu="a processor",
    cores=4,
    memory=16 * 1024**3,
    python="3.11.7",
)


def run_id(number: int = 0) -> str:
    """Return the id of the n-th run, each a minute after the one before."""
    moment = _STARTED + timedelta(minutes=number)
    return f"{moment.strftime('%Y%m%dT%H%M%SZ')}-{number:04x}"


def row(scenario: str, metrics: Mapping[str, Metric] = GOOD) -> Row:
    """Return what the real judge makes of a scenario with these metrics."""
    if scenario == HEALTH_CHECK:
        found = summary(
            {"iterations": counter(1, 7.6)}, scenario=scenario, checks=(Check("a row", 1, 0),)
        )
        return Row(judge(evidence(scenario, (), found)), found)
    latency = metrics[LATENCY].values["p(95)"]
    holds = latency is not None and LIMIT.holds(latency)
    found = summary(metrics, scenario=scenario, thresholds={LIMIT: holds})
    return Row(judge(evidence(scenario, (LIMIT,), found, 0 if holds else 99)), found)


def gone(scenario: str, code: ExitCode = ExitCode.STACK) -> Row:
    """Return a scenario that was not run."""
    why = reasons.not_run(why="the stack is gone")
    return Row(not_run(scenario, code, why), NoSummary("it was not run"))


def manifest(
    rows: Sequence[Row],
    number: int = 0,
    *,
    duration: float | None = 60,
    stack: str = "local",
    environment: str = "ci",
    machine: Machine = MACHINE,
    status: RunStatus = RunStatus.COMPLETE,
    mongodb: str = "nx-27017 0.8.1 (stand-in)",
) -> Manifest:
    """Return how a run was made."""
    seconds = duration or 300
    return Manifest(
        run_id=run_id(number),
        name="",
        status=status,
        started=_STARTED,
        ended=_STARTED + timedelta(seconds=seconds),
        stack=stack,
        stack_was_up=False,
        overrides=Overrides(duration_seconds=duration, environment=environment),
        versions=Versions(
            project="0.1.0",
            commit="c" * 40,
            changed=False,
            k6="1",
            components={"mongodb": mongodb},
        ),
        machine=machine,
        scenarios=tuple(
            ScenarioEntry(
                name=x.verdict.scenario,
                description="",
                think_time_seconds=0.0,
                executor=ConstantVus(vus=10, duration=f"{seconds:g}s"),
                seconds=seconds,
                thresholds=(ThresholdEntry(metric="m", stat="p95", operator="<=", limit=1),),
            )
            for x in rows
        ),
        notes=("MongoDB figures are those of a stand-in",),
    )


def write_run(
    results: Path, rows: Sequence[Row], number: int = 0, made: Manifest | None = None
) -> Path:
    """Write a run folder and return it."""
    written = made or manifest(rows, number)
    files = RunFolder(results / written.run_id)
    whole = judge_run([x.verdict for x in rows])
    for x in rows:
        paths = files.scenario(x.verdict.scenario)
        if isinstance(x.summary, Summary):
            write_atomically(paths.summary, readable_json(x.summary))
            write_atomically(paths.verdict, readable_json(x.verdict))
            if x.hops is not None:
                write_atomically(paths.hops, readable_json(x.hops))
            write_atomically(paths.points, b"points")
            write_atomically(paths.log, "k6 said nothing\n")
            if x.verdict.scenario != HEALTH_CHECK:
                write_atomically(paths.integrity, readable_json(CLEAN))
    write_atomically(files.verdict, readable_json(whole))
    text = run_markdown(whole, rows, settings=[settings_line(written)], notes=written.notes)
    write_atomically(files.summary, text)
    written.write(files.manifest)
    return files.path


def write_complete_run(
    results: Path,
    checkout: Checkout,
    name: str,
    number: int = 0,
    metrics: Mapping[str, Metric] = COMPLETE,
) -> Path:
    """Write the run of a scenario with the load and the thresholds of a checkout."""
    scenarios = load_scenarios(checkout)
    table = load_thresholds(checkout, scenarios.names, load_metrics(checkout))
    scenario = scenarios.get(name)
    limits = tuple(x for x in table.thresholds_of(name, "ci") if x.in_k6)
    options = scenario.options
    asked = options.iterations if isinstance(options, ConstantArrivalRate) else None
    measured = {**COMPLETE, **metrics}
    if asked is not None:
        measured["iterations"] = counter(int(asked), 10.0)
        if measured["cdc_success_rate"] == GOOD["cdc_success_rate"]:
            measured["cdc_success_rate"] = rate(int(asked), 0)
    holds = {
        limit: limit.holds(observed)
        for limit in limits
        if (observed := measured[limit.k6_metric].values[limit.expression.k6_stat]) is not None
    }
    found = summary(measured, scenario=name, thresholds=holds, seconds=scenario.duration_seconds)
    k6_exit = 0 if all(holds.values()) else 99
    judged = judge(evidence(name, limits, found, k6_exit, executor=scenario.options))
    rows = [row(HEALTH_CHECK), Row(judged, found)]
    made = manifest(rows, number, duration=None)
    health, entry = made.scenarios
    entry = msgspec.structs.replace(
        entry,
        think_time_seconds=scenario.think_time_seconds,
        executor=scenario.options,
        seconds=scenario.duration_seconds,
        thresholds=tuple(
            ThresholdEntry(metric=x.metric, stat=x.stat, operator=x.operator, limit=x.limit)
            for x in limits
        ),
        k6_exit_code=k6_exit,
    )
    return write_run(
        results, rows, number, msgspec.structs.replace(made, scenarios=(health, entry))
    )


def spoil(path: Path, **changes: object) -> None:
    """Replace fields of a JSON file."""
    content = msgspec.json.decode(path.read_bytes())
    path.write_bytes(readable_json({**content, **changes}))


def verdict_of(scenario: str, metrics: Mapping[str, Metric] = GOOD) -> ScenarioVerdict:
    return row(scenario, metrics).verdict
