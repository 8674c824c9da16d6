"""The highest arrival rate that holds: found by a ramp, confirmed by holding it."""

from dataclasses import replace

from scripts.errors import ExitCode
from scripts.load.files import ScenarioFiles
from scripts.load.k6 import Shape
from scripts.perf.measurement import Laboratory, Measured
from scripts.perf.plan import PlannedScenario
from scripts.settings.durations import format_duration
from scripts.settings.executors import RampingArrivalRate
from scripts.settings.metrics import CONSUMER_LAG
from scripts.settings.scenarios import MOST_HOLDS
from scripts.terminal import say
from scripts.verdict.evidence import Held
from scripts.verdict.judge import judge
from scripts.verdict.ramp import Ramp, judge_ramp
from scripts.verdict.ramp_gate import without_held_rate
from scripts.waiting import NotReady, wait_until

# What a pipeline reaches for seconds it does not reach for minutes.
_FIRST_SHARE = 0.9
_NEXT_SHARE = 0.8
_DRAIN_SECONDS = 120.0


def measure_breakpoint(
    laboratory: Laboratory, planned: PlannedScenario, shape: Shape, files: ScenarioFiles
) -> Measured:
    """Run the ramp, then hold nine tenths of the highest rate, and less if that does not hold.

    The ramp's files are left in `ramp/`, those of rates that did not hold in `hold-1/` and so on,
    and those of the last one in the scenario's own folder.

    Raises:
        StackFailure: The pipeline does not get through with what it was given.
    """
    ramp_files = ScenarioFiles(files.folder / "ramp")
    ramp_run = laboratory.measure(planned, shape, ramp_files)
    fallen = ramp_run.evidence.fallen
    if not isinstance(shape.options, RampingArrivalRate) or fallen or _in_vain(ramp_run):
        return _moved_up(ramp_run, ramp_files, files)
    seen = ramp_run.evidence.points
    ramp = judge_ramp(seen.windows, seen.stack, shape.options)
    say(f"{planned.scenario.name}: {ramp.end}")
    if ramp.highest is None:
        held = Held(ramp, None, 0.0)
        measured = replace(ramp_run, evidence=replace(ramp_run.evidence, held=held))
        return _moved_up(measured, ramp_files, files)
    return _hold(laboratory, planned, files, ramp, ramp.highest * _FIRST_SHARE)


def _hold(
    laboratory: Laboratory,
    planned: PlannedScenario,
    files: ScenarioFiles,
    ramp: Ramp,
    rate: float,
) -> Measured:
    for number in range(1, MOST_HOLDS + 1):
        _wait_for_calm(laboratory)
        asked = max(1, round(rate))
        holding = laboratory.with_variables({"HOLD_RATE": str(asked)})
        shape = holding.shape(planned)
        say(f"{planned.scenario.name}: holding {asked:,}/s for {format_duration(shape.seconds)}")
        hold_files = ScenarioFiles(files.folder / f"hold-{number}")
        measured = holding.measure(planned, shape, hold_files)
        evidence = replace(measured.evidence, held=Held(ramp, asked, shape.seconds))
        measured = replace(measured, evidence=evidence)
        verdict = judge(replace(evidence, thresholds=without_held_rate(evidence.thresholds)))
        broken = verdict.exit_code in (ExitCode.FAIL, ExitCode.INVALID)
        if not broken or evidence.fallen or _in_vain(measured) or number == MOST_HOLDS:
            break
        say(f"{planned.scenario.name}: {asked:,}/s does not hold: {verdict.reasons[0]}")
        rate *= _NEXT_SHARE
    return _moved_up(measured, hold_files, files)


def _in_vain(measured: Measured) -> bool:
    """Whether there is nothing to go on with: k6 was interrupted, or broke."""
    loaded = measured.loaded
    return loaded.interrupted is not None or not measured.evidence.k6_came_to_its_end


def _wait_for_calm(laboratory: Laboratory) -> None:
    """Wait until the consumer has caught up: what is left of one rate must not spoil the next."""

    def probe() -> None:
        lag = laboratory.gauges.read({}).get(CONSUMER_LAG)
        if lag is None or lag > 0:
            raise NotReady(f"{CONSUMER_LAG} is {'unknown' if lag is None else f'{lag:,.0f}'}")

    wait_until(
        probe,
        what="the consumer to catch up",
        deadline_seconds=_DRAIN_SECONDS,
        hint="see `inv logs --component consumer`",
    )


def _moved_up(measured: Measured, source: ScenarioFiles, target: ScenarioFiles) -> Measured:
    """Put the files of the run that counts where those of every scenario are."""
    for path in source.folder.iterdir():
        path.rename(target.folder / path.name)
    source.folder.rmdir()
    return measured
