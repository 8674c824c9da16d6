"""Faults of a component's processes."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from cdc_perf.errors import StackFailure
from cdc_perf.faults.context import FaultContext

# A slow component runs for a fifth of the time. The pauses are short enough that no client gives
# up on it, and long enough to be longer than every pause of its own.
_FROZEN_SECONDS, _RUNNING_SECONDS = 0.4, 0.1
# A component that starts again on a full disk can write for so long.
_REFILL_SECONDS = 0.05


@contextmanager
def killed(context: FaultContext, component: str) -> Iterator[str]:
    """Kill a component; its supervisor starts it again."""
    yield context.control.kill(component)


@contextmanager
def stopped(context: FaultContext, component: str) -> Iterator[str]:
    """Stop a component for the time of the block."""
    try:
        yield context.control.stop(component)
    finally:
        context.control.start(component)


@contextmanager
def frozen(context: FaultContext, component: str) -> Iterator[str]:
    """Freeze a component for the time of the block."""
    try:
        yield context.control.freeze(component)
    finally:
        context.control.thaw(component)


@contextmanager
def slowed(context: FaultContext, component: str) -> Iterator[str]:
    """Freeze and continue a component in turn for the time of the block."""

    def pause(ending: threading.Event) -> None:
        context.control.freeze(component)
        ending.wait(_FROZEN_SECONDS)
        context.control.thaw(component)

    turn = _FROZEN_SECONDS + _RUNNING_SECONDS
    try:
        proof = context.control.freeze(component)
        context.control.thaw(component)
        with repeated(pause, _RUNNING_SECONDS, StackFailure):
            yield f"{proof}, for {_FROZEN_SECONDS:g} of each {turn:g} s"
    finally:
        context.control.thaw(component)


@contextmanager
def disk_filled(context: FaultContext, component: str) -> Iterator[str]:
    """Keep a component from writing to files for the time of the block.

    The processes that its supervisor starts meanwhile find a full disk, too.
    """

    def fill(_ending: threading.Event) -> None:
        with suppress(StackFailure):
            context.control.fill_disk(component)

    try:
        proof = context.control.fill_disk(component)
        with repeated(fill, _REFILL_SECONDS, StackFailure):
            yield proof
    finally:
        context.control.free_disk(component)


@contextmanager
def repeated(
    step: Callable[[threading.Event], None], pause_seconds: float, failure: type[Exception]
) -> Iterator[None]:
    """Repeat a step in a thread until the block ends.

    Args:
        step: The step; it gets an event that is set when the block ends.
        pause_seconds: The pause before each step.
        failure: What the step raises if it cannot be repeated.
    """
    ending = threading.Event()

    def repeat() -> None:
        with suppress(failure):
            while not ending.wait(pause_seconds):
                step(ending)

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
