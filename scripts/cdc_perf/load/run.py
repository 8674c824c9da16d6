"""Run one scenario with k6, and always wait for k6 to end."""

import json
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cdc_perf import process, process_tags
from cdc_perf.errors import Interrupted
from cdc_perf.files import readable_json, write_atomically
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.load.gauge_recorder import sampling
from cdc_perf.load.k6 import K6, SCENARIO, WORKLOAD, WORKLOADS, Shape
from cdc_perf.load.progress import LoadProgress, ask, stop
from cdc_perf.ports import free_port
from cdc_perf.settings.scenarios import Scenario
from cdc_perf.signals import deferred
from cdc_perf.workload.load_plan import LoadPlan

POLL_SECONDS = 1.0
# In addition to the load and its graceful stop: k6's start, setup, teardown, and summary.
_MARGIN_SECONDS = 60.0
# k6 ends its iterations and writes the summary; after this time it is killed.
_STOP_SECONDS = 8.0


@dataclass(frozen=True)
class LoadResult:
    """The result of a load, besides its files.

    Attributes:
        exit_code: k6's exit code; -N if signal N killed it; None if k6 did not run.
        started: When it started.
        ended: When it had ended.
        clock_step_seconds: How far the system clock was set meanwhile, forward or (negative) back;
            machine sleep counts as forward.
        interrupted: The interruption, if any; measurements until then are kept.
        stopped: Whether the harness stopped it early, as a scenario asks for.
    """

    exit_code: int | None
    started: datetime
    ended: datetime
    clock_step_seconds: float
    interrupted: Interrupted | None
    stopped: bool = False


def run(
    k6: K6,
    scenario: Scenario,
    shape: Shape,
    files: ScenarioFiles,
    gauges: Callable[[Mapping[str, int]], Mapping[str, float]],
    on_progress: Callable[[LoadProgress], None],
    plans: Sequence[LoadPlan] = (),
    until: Callable[[], bool] = lambda: False,
) -> LoadResult:
    """Run a scenario, sample the stack's gauges meanwhile, and write the files of both.

    A k6 that does not end in time gets SIGINT, then SIGKILL.

    Args:
        k6: The program and its environment.
        scenario: The scenario.
        shape: Its load, from `inspect`.
        files: The files to write; the folder is created.
        gauges: Returns the stack's gauges, given the process IDs of other programs by name.
        on_progress: Called about once a second while k6 answers.
        plans: What the scenario writes; further ones are only tried, without effect.
        until: Whether the load may end before its time.
    """
    files.folder.mkdir(parents=True)
    port = free_port()
    started = datetime.now(UTC)
    clock = clock_offset()
    variables = {
        **k6.variables,
        SCENARIO: scenario.name,
        **process_tags.tag(files.folder),
        "CDC_SUMMARY": str(files.summary),
    }
    variables["CDC_LEDGER"] = str(files.ledger)
    written = [files.workload(number) for number, _ in enumerate(plans)]
    for path, plan in zip(written, plans, strict=True):
        write_atomically(path, readable_json(plan))
    if written:
        variables[WORKLOAD] = str(written[0])
        variables[WORKLOADS] = json.dumps([str(path) for path in written])
    if k6.dashboard is not None:
        variables |= k6.dashboard.begin()
    running = process.start(
        k6.run_command(scenario.k6_script, files.points, port), env=variables, output=files.log
    )
    interrupted, stopped = None, False
    try:
        with sampling(lambda: gauges({"k6": running.pid}), files.gauges) as latest:
            for progress in _followed(running, shape, port):
                on_progress(replace(progress, stack=latest.values))
                if k6.dashboard is not None and not progress.running and progress.iterations:
                    k6.dashboard.let_go()
                if not stopped and until():
                    stopped = stop(port)
    except Interrupted as interruption:
        interrupted = interruption
    with deferred():
        end_k6(running)
        exit_code = running.wait().exit_code
    step = clock_offset() - clock
    return LoadResult(exit_code, started, datetime.now(UTC), step, interrupted, stopped)


def clock_offset() -> float:
    """Return how far the wall clock is ahead of the monotonic clock, in seconds.

    Clock discipline speeds up and slows down both alike, so it does not change the result.
    """
    return time.time() - time.monotonic()


def _followed(running: process.Running, shape: Shape, port: int) -> Iterator[LoadProgress]:
    """Yield progress until k6 ends or its deadline passes."""
    deadline = time.monotonic() + shape.seconds + shape.graceful_seconds + _MARGIN_SECONDS
    began: float | None = None
    while time.monotonic() < deadline:
        if running.ended_within(POLL_SECONDS):
            return
        now = time.monotonic()
        progress = ask(port, now - (began or now), shape.seconds)
        if progress is not None:
            began = began or now
            yield progress


def end_k6(running: process.Running) -> None:
    """End k6 if it still runs."""
    running.signal(signal.SIGINT)
    if not running.ended_within(_STOP_SECONDS):
        running.kill_group()
