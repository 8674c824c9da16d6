"""A load that is nothing but time: others load the pipeline, and its gauges are sampled."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from cdc_perf.errors import Interrupted
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.load.gauge_recorder import sampling
from cdc_perf.load.k6 import Shape
from cdc_perf.load.progress import LoadProgress
from cdc_perf.load.run import POLL_SECONDS, LoadResult, clock_offset


def observe(
    shape: Shape,
    files: ScenarioFiles,
    gauges: Callable[[Mapping[str, int]], Mapping[str, float]],
    on_progress: Callable[[LoadProgress], None],
) -> LoadResult:
    """Let the time of an observation pass, and sample the stack's gauges meanwhile.

    Args:
        shape: The observation.
        files: The files to write; the folder is created.
        gauges: Returns the stack's gauges, given the process IDs of other programs by name.
        on_progress: Called about once a second.
    """
    files.folder.mkdir(parents=True)
    started, began, clock = datetime.now(UTC), time.monotonic(), clock_offset()
    interrupted = None
    try:
        with sampling(lambda: gauges({}), files.gauges) as latest:
            while (elapsed := time.monotonic() - began) < shape.seconds:
                on_progress(
                    LoadProgress(
                        elapsed_seconds=elapsed,
                        total_seconds=shape.seconds,
                        running=True,
                        vus=None,
                        iterations=0,
                        iterations_per_second=0.0,
                        errors=0,
                        p95_ms=None,
                        stack=latest.values,
                    )
                )
                time.sleep(min(POLL_SECONDS, shape.seconds - elapsed))
    except Interrupted as interruption:
        interrupted = interruption
    return LoadResult(None, started, datetime.now(UTC), clock_offset() - clock, interrupted)
