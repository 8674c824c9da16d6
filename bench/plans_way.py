"""From nothing to a verdict: the runner in the project plan, and `inv perf`, on the same stack.

The plan's runner starts its containers and sleeps (30 s for the infrastructure, 10 s for the
connector, 15 s for the consumer), runs a health check, runs k6 with its points as plain JSON, and
reads them with jq. Here the embedded stack replaces its containers and starts during the first
sleep; its image builds and cleanup are omitted.
"""

import shutil
import time

from bench.figures import Figure, ratio
from bench.workplace import Workplace
from cdc_perf import process
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.tools.cache import Cache

_DURATION = "10s"
_INFRASTRUCTURE, _CONNECTOR, _CONSUMER = 30.0, 10.0, 15.0
_SUMMARY = '"Iterations: \\(.root_group.iterations // "N/A")"'


def measure(place: Workplace) -> tuple[Figure, ...]:
    """Return the seconds of both; each starts its stack, and ends with its result."""
    plans = Figure(
        f"original runner script, from start to result, baseline for {_DURATION}",
        "s",
        (_plans_way(place),),
        f"{_INFRASTRUCTURE + _CONNECTOR + _CONSUMER:.0f} s of which are sleeps",
    )
    place.inv("down")
    # Ten seconds have too few samples for the thresholds: NO-DATA is a verdict too.
    words = ("perf", "--scenarios", "baseline", "--duration", _DURATION, "--keep")
    ours = Figure("the same with `inv perf`", "s", (place.inv(*words, codes=(0, 11)),))
    place.inv("down")
    return (plans, ours, ratio("original runner script / `inv perf`", plans, ours))


def _plans_way(place: Workplace) -> float:
    began = time.perf_counter()
    starting = process.start(place.argv("up"), cwd=place.checkout.root)
    _sleep(_INFRASTRUCTURE)
    starting.wait()
    place.inv("connector.deploy")
    _sleep(_CONNECTOR)
    _sleep(_CONSUMER)
    pipeline = load_pipeline(place.checkout)
    endpoints = local_stack(place.checkout, pipeline, Cache.of_environment()).endpoints()
    if endpoints is None:
        raise RuntimeError("the stack is not up")
    k6 = Layout(place.checkout.stack).k6
    scripts, points = place.checkout.scripts, place.checkout.root / "points.json"
    variables = {**endpoints.environment(), "DURATION": _DURATION}
    process.run([k6, "run", scripts / "health-check.js"], env=endpoints.environment())
    process.run([k6, "run", "--out", f"json={points}", scripts / "workload-test.js"], env=variables)
    if shutil.which("jq") is not None:
        process.run(["jq", "-r", _SUMMARY, points], check=False)
    return time.perf_counter() - began


def _sleep(seconds: float) -> None:
    """Sleep as the plan's runner does, even if the stack is ready earlier."""
    time.sleep(seconds)
