"""Find the highest sustainable arrival rate: a ramp finds it, holding it confirms it."""

import logging
from dataclasses import replace

from cdc_perf.errors import ExitCode
from cdc_perf.installation import COMMAND
from cdc_perf.integrity.check import unchecked
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.perf.scenario_runner import ScenarioResult, ScenarioRun, ScenarioRunner
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.executors import RampingArrivalRate
from cdc_perf.settings.metrics import CONSUMER_LAG
from cdc_perf.settings.scenarios import MOST_HOLDS
from cdc_perf.verdict.evidence import EarlierPart, HoldResult
from cdc_perf.verdict.judge import judge
from cdc_perf.verdict.ramp import Ramp, judge_ramp
from cdc_perf.verdict.ramp_gate import lost, without_held_rate
from cdc_perf.waiting import NotReady, wait_until

_log = logging.getLogger(__name__)
# A pipeline can sustain more for seconds than for minutes.
_FIRST_SHARE = 0.9
_NEXT_SHARE = 0.8
_DRAIN_SECONDS = 120.0


def measure_breakpoint(runner: ScenarioRunner, run: ScenarioRun) -> ScenarioResult:
    """Run the ramp, then hold 90% of the highest rate, and less if that fails.

    If a rate is too high and the pipeline becomes slow, a lower one is tried. A part in which the
    pipeline lost data is the last one, and the scenario is judged by it.

    The ramp's files are in `ramp/`, those of rates that failed in `hold-1/` and so on, and those
    of the last part in the scenario's own folder.

    Raises:
        StackFailure: The consumer does not catch up in time.
    """
    files, shape = run.files, run.shape
    ramp_files = ScenarioFiles(files.folder / "ramp")
    ramp_run = runner.measure(replace(run, files=ramp_files))
    if not isinstance(shape.options, RampingArrivalRate) or _ends_the_search(ramp_run):
        return _promote_files(ramp_run, ramp_files, files)
    seen = ramp_run.evidence.points
    ramp = judge_ramp(seen.windows, seen.stack, shape.options)
    _log.info(f"{run.name}: {ramp.end}")
    if ramp.highest is None:
        held = HoldResult(ramp, None, 0.0)
        measured = replace(ramp_run, evidence=replace(ramp_run.evidence, held=held))
        return _promote_files(measured, ramp_files, files)
    ramp_run = _settled(runner, ramp_run, ramp_files)
    if _lost(ramp_run):
        return _promote_files(ramp_run, ramp_files, files)
    return _hold(runner, run, ramp, (_earlier("ramp", ramp_run),))


def _hold(
    runner: ScenarioRunner, run: ScenarioRun, ramp: Ramp, earlier: tuple[EarlierPart, ...]
) -> ScenarioResult:
    rate = (ramp.highest or 0.0) * _FIRST_SHARE
    for number in range(1, MOST_HOLDS + 1):
        hold_rate = max(1, round(rate))
        holding = runner.with_variables({"HOLD_RATE": str(hold_rate)})
        shape = holding.shape(run.planned)
        _log.info(f"{run.name}: holding {hold_rate:,}/s for {format_duration(shape.seconds)}")
        hold_files = ScenarioFiles(run.files.folder / f"hold-{number}")
        measured = holding.measure(ScenarioRun(run.planned, shape, hold_files))
        measured = _judged_with(measured, HoldResult(ramp, hold_rate, shape.seconds), earlier)
        if number == MOST_HOLDS or _ends_the_search(measured):
            break
        # Without `earlier`: an earlier part's faults say nothing about this rate.
        limits = without_held_rate(measured.evidence.thresholds)
        verdict = judge(replace(measured.evidence, thresholds=limits, earlier=()))
        if verdict.exit_code not in (ExitCode.FAIL, ExitCode.INVALID):
            break
        _log.info(f"{run.name}: {hold_rate:,}/s is not sustained: {verdict.reasons[0].text}")
        measured = _settled(holding, measured, hold_files)
        if _lost(measured):
            break
        earlier = (*earlier, _earlier(f"hold-{number}", measured))
        rate *= _NEXT_SHARE
    return _promote_files(measured, hold_files, run.files)


def _judged_with(
    measured: ScenarioResult, held: HoldResult, earlier: tuple[EarlierPart, ...]
) -> ScenarioResult:
    return replace(measured, evidence=replace(measured.evidence, held=held, earlier=earlier))


def _settled(
    runner: ScenarioRunner, measured: ScenarioResult, files: ScenarioFiles
) -> ScenarioResult:
    """Wait until the pipeline has caught up, then repeat an incomplete check."""
    _wait_for_zero_lag(runner)
    integrity = measured.evidence.integrity
    if integrity is not None and integrity.drained and not integrity.unchecked:
        return measured
    return runner.check_again(measured, files)


def _earlier(name: str, measured: ScenarioResult) -> EarlierPart:
    evidence = measured.evidence
    integrity = evidence.integrity or unchecked("the data-loss check did not run")
    return EarlierPart(name, integrity, evidence.exceptions)


def _ends_the_search(measured: ScenarioResult) -> bool:
    """Return whether a part is the last one: it lost data, or the search cannot continue."""
    return measured.evidence.fallen or _aborted(measured) or _lost(measured)


def _lost(measured: ScenarioResult) -> bool:
    """Return whether the pipeline lost data in a part."""
    integrity = measured.evidence.integrity
    return integrity is not None and lost(integrity)


def _aborted(measured: ScenarioResult) -> bool:
    """Return whether k6 was interrupted or failed, so that the search cannot continue."""
    return measured.load.interrupted is not None or not measured.evidence.k6_finished


def _wait_for_zero_lag(runner: ScenarioRunner) -> None:
    """Wait until the consumer has caught up: a backlog of one rate must not affect the next.

    Only cdc-consumer commits right after each write. For others, the data-loss check of the part
    before has waited for the sink.
    """
    if runner.checker.pipeline.consumer is None:
        return

    def probe() -> None:
        lag = runner.gauges.read({}).get(CONSUMER_LAG)
        if lag is None or lag > 0:
            raise NotReady(f"{CONSUMER_LAG} is {'unknown' if lag is None else f'{lag:,.0f}'}")

    wait_until(
        probe,
        what="the consumer",
        deadline_seconds=_DRAIN_SECONDS,
        hint=f"see `{COMMAND} logs --component consumer`",
    )


def _promote_files(
    measured: ScenarioResult, source: ScenarioFiles, target: ScenarioFiles
) -> ScenarioResult:
    """Move the files of the run that counts to the scenario's own folder."""
    for path in source.folder.iterdir():
        path.rename(target.folder / path.name)
    source.folder.rmdir()
    return measured
