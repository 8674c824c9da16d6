"""Try one fault: run `inv perf` in a copy of the checkout, and inject the fault under load."""

import logging
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from cdc_perf import process, process_tags
from cdc_perf.errors import StackFailure
from cdc_perf.files import readable_json
from cdc_perf.process import Running
from cdc_perf.results.run_folder import RunFolder, is_run_id
from cdc_perf.selftest.fault import Edit, Fault, FaultContext
from cdc_perf.selftest.outcome import TrialOutcome, not_tried, outcome_of, starved
from cdc_perf.settings.paths import PIPELINE, Checkout, results_folders
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.recovery import RECOVERY
from cdc_perf.settings.thresholds import DEFAULT
from cdc_perf.signals import deferred
from cdc_perf.stack.choice import running_endpoints
from cdc_perf.stack.local.embedded import EmbeddedTools, local_stack
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.install import install_all
from cdc_perf.verdict.records import ScenarioVerdict
from cdc_perf.waiting import NotReady, wait_until

_log = logging.getLogger(__name__)
FOLDER = "selftest"
_MOST_ATTEMPTS = 3
# Starting a stack, the health check, and k6's start.
_LOAD_SECONDS = 180.0
# The load, the timeouts of missing documents, and the wait until the pipeline has drained.
_VERDICT_SECONDS = 240.0
_STOP_SECONDS = 60.0
# k6 flushes its compressed points once a second, if there are any.
_LEAST_POINTS = 1000


def try_faults(faults: Sequence[Fault], checkout: Checkout) -> list[TrialOutcome]:
    """Inject one fault after the other, each on its own stack.

    Raises:
        StackFailure: A tool is unavailable.
    """
    cache = Cache.of_environment()
    install_all(cache, EmbeddedTools.of(checkout, load_pipeline(checkout), cache).all)
    outcomes = []
    for number, fault in enumerate(faults, start=1):
        try:
            outcome = try_fault(fault, checkout)
        except StackFailure as failure:
            outcome = not_tried(fault, failure)
        result = outcome.wrong or f"{outcome.verdict}, as expected"
        _log.info(f"{number} of {len(faults)}, {fault.name}: {result} ({outcome.seconds:.0f} s)")
        outcomes.append(outcome)
    return outcomes


def try_fault(fault: Fault, checkout: Checkout) -> TrialOutcome:
    """Inject a fault and return the outcome.

    A run on a machine that was too busy is repeated because it says nothing about the fault.

    Raises:
        StackFailure: The pipeline could not be run, or the fault not be injected.
    """
    for _ in range(_MOST_ATTEMPTS):
        verdict, outcome = _attempt(fault, checkout)
        if not (outcome.wrong and starved(verdict)):
            break
        _log.info(f"{fault.name}: the machine was too busy for the load generator")
    return outcome


def _attempt(fault: Fault, checkout: Checkout) -> tuple[ScenarioVerdict, TrialOutcome]:
    results = checkout.results / FOLDER / fault.name
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    began = time.monotonic()
    with prepared(checkout, fault, results) as copy:
        with _running(fault, copy) as running:
            folder = _under_load(running, fault, copy)
            files = folder.scenario(fault.scenario)
            pipeline = load_pipeline(copy)
            endpoints = running_endpoints(local_stack(copy, pipeline, Cache.of_environment()))
            with fault.inject(FaultContext(copy, pipeline, endpoints, files)):
                # Only until the pipeline was judged: a frozen component cannot be stopped.
                _wait(running, files.verdict, _VERDICT_SECONDS)
            if not running.ended_within(_STOP_SECONDS):
                raise StackFailure(f"{fault.name}: inv perf did not end")
        completed = running.wait()
        if not files.verdict.is_file():
            raise _broken_off(fault, completed)
        verdict = msgspec.json.decode(files.verdict.read_bytes(), type=ScenarioVerdict)
    return verdict, outcome_of(fault, verdict, completed.exit_code, time.monotonic() - began)


@contextmanager
def _running(fault: Fault, copy: Checkout) -> Iterator[Running]:
    """Run `inv perf` in the copy; stop it if the block fails."""
    words = (
        "perf",
        "--stack",
        "local",
        "--scenarios",
        fault.scenario,
        "--duration",
        fault.duration,
        *fault.options,
    )
    running = process.start(
        [sys.executable, "-m", "invoke", *words],
        cwd=copy.root,
        env={"RESULTS_DIR": str(copy.results), PIPELINE: str(copy.pipeline)},
    )
    try:
        yield running
    finally:
        with deferred():
            running.signal(signal.SIGINT)
            if not running.ended_within(_STOP_SECONDS):
                running.kill_group()


def _under_load(running: Running, fault: Fault, copy: Checkout) -> RunFolder:
    """Wait until k6 has written its first points, and return the run's folder."""

    def probe() -> RunFolder:
        for path in copy.results.iterdir():
            points = RunFolder(path).scenario(fault.scenario).points
            if is_run_id(path.name) and points.is_file() and points.stat().st_size > _LEAST_POINTS:
                return RunFolder(path)
        if not running.alive:
            raise _broken_off(fault, running.wait())
        raise NotReady("there are no points yet")

    return wait_until(probe, what=f"the load of {fault.scenario}", deadline_seconds=_LOAD_SECONDS)


def _wait(running: Running, verdict: Path, seconds: float) -> None:
    def probe() -> None:
        if running.alive and not verdict.is_file():
            raise NotReady("the run has not ended")

    wait_until(probe, what="the verdict", deadline_seconds=seconds)


def _broken_off(fault: Fault, completed: process.Completed) -> StackFailure:
    return StackFailure(
        f"{fault.name}: inv perf exited with {completed.exit_code} and left no verdict",
        detail=completed.last_lines[-8:],
    )


@contextmanager
def prepared(checkout: Checkout, fault: Fault, results: Path) -> Iterator[Checkout]:
    """Yield a copy of the checkout with the settings of a fault; remove it at the end.

    Args:
        checkout: The checkout to copy.
        fault: The fault whose settings it gets.
        results: The folder for its run folders.

    Raises:
        StackFailure: The text that the fault replaces is missing.
    """
    with TemporaryDirectory(prefix="cdc-perf-selftest-") as folder:
        root = Path(folder) / "checkout"
        pipeline = root / "pipelines" / checkout.pipeline.name
        copy = Checkout.at(root, {"RESULTS_DIR": str(results), PIPELINE: str(pipeline)})
        own_results = {str(path) for path in results_folders(checkout.root)}
        shutil.copytree(
            checkout.root,
            copy.root,
            ignore=lambda where, names: names if where in own_results else _left_out(names),
        )
        if not checkout.pipeline.is_relative_to(checkout.root):
            shutil.rmtree(pipeline, ignore_errors=True)
            shutil.copytree(
                checkout.pipeline,
                pipeline,
                ignore=lambda where, names: (
                    names if where == str(checkout.results) else _left_out(names)
                ),
            )
        thresholds = {DEFAULT: fault.limits, RECOVERY: fault.recovery}
        copy.thresholds_file.write_bytes(readable_json(thresholds))
        if fault.load:
            _lay_over(copy.scenarios_file, fault)
        for edit in fault.edits:
            _replace(copy.root, edit)
        try:
            yield copy
        finally:
            with deferred():
                # Processes that an interrupted run has left.
                process_tags.end_tagged_processes(results)
                process_tags.end_tagged_processes(copy.root)


def _left_out(names: list[str]) -> list[str]:
    """Return what a run does not need: repository, environments, caches, state of a stack."""
    return [name for name in names if name.startswith(".") or name == "__pycache__"]


def _lay_over(path: Path, fault: Fault) -> None:
    scenarios = msgspec.json.decode(path.read_bytes())
    scenarios[fault.scenario]["options"] |= fault.load
    path.write_bytes(readable_json(scenarios))


def _replace(root: Path, edit: Edit) -> None:
    path = root / edit.file
    text = path.read_text(encoding="utf-8")
    if edit.old not in text:
        raise StackFailure(
            f"{edit.file} no longer contains {edit.old!r}",
            hint="fix the fault in scripts/cdc_perf/selftest/faults.py that replaces it",
        )
    path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")
