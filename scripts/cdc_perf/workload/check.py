"""The check that the workloads fit the tables."""

from collections.abc import Iterable

from cdc_perf.errors import SettingFailure, StackFailure, UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.stack import source
from cdc_perf.stack.checks.capture import KEY, TABLES
from cdc_perf.stack.checks.results import Result, State
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady
from cdc_perf.workload.plans import derive_plans, load_workloads, workload_names

_NAME = "workload"
# What is wrong there would be found again.
_NEEDS = ("postgres", TABLES, KEY, "key types")


def check_workloads(
    checkout: Checkout, pipeline: Pipeline, endpoints: Endpoints, results: Iterable[Result]
) -> Result:
    """Derive the plan of each scenario's workload; nothing is written.

    Args:
        checkout: The checkout and the pipeline.
        pipeline: Its settings.
        endpoints: The addresses of the stack.
        results: The results of the other checks.
    """
    for result in results:
        if result.name in _NEEDS and result.state is not State.OK:
            return Result(_NAME, State.SKIPPED, f"needs: {result.name}")
    try:
        with source.connect(endpoints.postgres_dsn):
            pass
    except NotReady as reason:
        return Result(_NAME, State.UNKNOWN, str(reason))
    try:
        names = workload_names(checkout, pipeline, load_scenarios(checkout).every)
        workloads = load_workloads(checkout, pipeline, names)
        found = derive_plans(pipeline, endpoints.postgres_dsn, workloads)
    except UsageFailure as failure:
        faults = tuple(SettingFailure(line) for line in str(failure).splitlines())
        return Result(_NAME, State.FAILED, failures=faults)
    except StackFailure as failure:
        return Result(_NAME, State.FAILED, failures=(failure,))
    left_out = tuple(line for each in found.values() for line in each.left_out)
    tables = {change.table for each in found.values() for change in each.plan.changes}
    return Result(_NAME, State.OK, f"writes to {', '.join(sorted(tables))}", warnings=left_out)
