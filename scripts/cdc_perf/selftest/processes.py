"""Faults of processes: frozen, stopped, starved, out of disk space.

A frozen process continues when its block ends. A stopped one stays stopped because the stack is
stopped after its run.
"""

import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from cdc_perf import process_tags
from cdc_perf.errors import StackFailure
from cdc_perf.faults.processes import repeated
from cdc_perf.selftest.fault import FaultContext, Inject
from cdc_perf.stack.local.control import LocalControl
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.supervisor import Supervisor

# Long enough for each percentile of the test, short enough that no connection is lost.
_STOPPED_SECONDS, _RUNNING_SECONDS = 0.2, 0.1
# k6's output of eight seconds is larger, its summary is smaller.
_LARGEST_FILE = 16 * 1024


def frozen(component: str) -> Inject:
    """Freeze a component: it exists, but does nothing (SIGSTOP, then SIGCONT)."""

    @contextmanager
    def inject(context: FaultContext) -> Iterator[None]:
        control = LocalControl(supervisor_of(context))
        try:
            control.freeze(component)
            yield
        finally:
            control.thaw(component)

    return inject


@contextmanager
def stopped_consumer(context: FaultContext) -> Iterator[None]:
    """Stop the consumer as an operator would."""
    supervisor_of(context).stop_program("consumer")
    yield


@contextmanager
def starved_k6(context: FaultContext) -> Iterator[None]:
    """Let k6 run for a third of the time, as on a busy machine."""
    with slowed(_k6(context).pid, _STOPPED_SECONDS, _RUNNING_SECONDS):
        yield


@contextmanager
def slowed(pid: int, stopped_seconds: float, running_seconds: float) -> Iterator[None]:
    """Stop and continue a process alternately, for the given seconds, until the block ends."""

    def pause(ending: threading.Event) -> None:
        os.kill(pid, signal.SIGSTOP)
        ending.wait(stopped_seconds)
        os.kill(pid, signal.SIGCONT)

    try:
        with repeated(pause, running_seconds, ProcessLookupError):
            yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextmanager
def limited_files(context: FaultContext) -> Iterator[None]:
    """Keep k6's files from growing, as on a full disk (RLIMIT_FSIZE)."""
    _k6(context).rlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    yield


def supervisor_of(context: FaultContext) -> Supervisor:
    """Return the supervisor of the components."""
    return Supervisor(Layout(context.checkout.stack))


def _k6(context: FaultContext) -> psutil.Process:
    found = process_tags.tagged_processes(context.files.folder)
    if not found:
        raise StackFailure("k6 does not run")
    return found[0]
