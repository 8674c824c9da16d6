"""The plans for k6 started by hand, beside the addresses of the stack that is up."""

import logging
import shutil

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.files import readable_json, write_atomically
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.workload.plans import derive_plans, load_workloads, workload_names

_log = logging.getLogger(__name__)


def write_plans(checkout: Checkout, pipeline: Pipeline, dsn: str) -> None:
    """Write the plan of each scenario's load; a fault is only a warning, as the stack is up.

    Args:
        checkout: The checkout and the pipeline.
        pipeline: Its settings.
        dsn: The source.
    """
    folder = checkout.plans
    shutil.rmtree(folder, ignore_errors=True)
    try:
        scenarios = load_scenarios(checkout).every
        names = workload_names(checkout, pipeline, scenarios)
        derived = derive_plans(pipeline, dsn, load_workloads(checkout, pipeline, names))
        folder.mkdir(parents=True)
        for scenario in scenarios:
            if scenario.workload not in derived:
                continue
            plan = readable_json(derived[scenario.workload].plan)
            write_atomically(folder / f"{scenario.name}.json", plan)
    except (UsageFailure, StackFailure, OSError) as failure:
        for line in str(failure).splitlines():
            _log.warning(f"no load for k6 started by hand: {line}")
