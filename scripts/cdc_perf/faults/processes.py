"""Faults of a component's processes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cdc_perf.errors import StackFailure
from cdc_perf.faults.context import FaultContext

# A slow component runs for a fifth of the time. The pauses are short enough that no client gives
# up on it, and long enough to be longer than every pause of its own.
_FROZEN_SECONDS, _RUNNING_SECONDS = 0.4, 0.1


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
    ending = threading.Event()

    def alternate() -> None:
        with suppress(StackFailure):
            while not ending.wait(_RUNNING_SECONDS):
                context.control.freeze(component)
                ending.wait(_FROZEN_SECONDS)
                context.control.thaw(component)

    thread = threading.Thread(target=alternate, daemon=True)
    try:
        proof = context.control.freeze(component)
        context.control.thaw(component)
        thread.start()
        yield f"{proof}, for {_FROZEN_SECONDS:g} of each {_FROZEN_SECONDS + _RUNNING_SECONDS:g} s"
    finally:
        ending.set()
        if thread.ident is not None:
            thread.join()
        context.control.thaw(component)
