"""The cost of commands: start-up, starting and stopping the stack, overhead around k6, memory."""

from bench.figures import Figure
from bench.workplace import Workplace
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.tools.cache import Cache

_MIB = 1024**2
_LOAD_SECONDS = 30


def measure(place: Workplace) -> tuple[Figure, ...]:
    """Return the figures; the tools are in the cache before the measurement starts."""
    place.inv("tools.install")
    listing = tuple(place.inv("--list") for _ in range(10))
    up, down = [], []
    for _ in range(5):
        up.append(place.inv("up"))
        down.append(place.inv("down"))
    up.append(place.inv("up"))
    words = ("perf", "--scenarios", "baseline", "--duration", f"{_LOAD_SECONDS}s")
    perf = tuple(place.inv(*words) for _ in range(3))
    memory = _memory(place)
    place.inv("down")
    return (
        Figure("`inv --list`", "s", listing),
        Figure("`inv up`, until the canary row arrives", "s", tuple(up), "warm cache"),
        Figure("`inv down`", "s", tuple(down)),
        Figure("`inv perf --scenarios baseline --duration 30s`", "s", perf, "with a running stack"),
        Figure(
            "overhead outside k6's load",
            "s",
            tuple(seconds - _LOAD_SECONDS for seconds in perf),
            "the same three runs: start-up, health check, last iterations, verdict",
        ),
        *memory,
    )


def _memory(place: Workplace) -> tuple[Figure, ...]:
    pipeline = load_pipeline(place.checkout)
    statuses = local_stack(place.checkout, pipeline, Cache.of_environment()).status()
    return tuple(
        Figure(
            f"memory of {status.name}", "MiB", (status.memory / _MIB,), "resident, after the load"
        )
        for status in statuses
        if status.memory is not None
    )
