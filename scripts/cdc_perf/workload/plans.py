"""The plans of a run: each workload that its scenarios have, derived from the running source."""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg import Connection

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.scenarios import HEALTH_CHECK, Scenario
from cdc_perf.settings.workload import Workload, load_workload, workload_file
from cdc_perf.stack import source
from cdc_perf.waiting import NotReady
from cdc_perf.workload.catalog import Catalog, read_catalog
from cdc_perf.workload.derive import Derived, derive
from cdc_perf.workload.source_rows import QueriedRows


def workload_names(
    checkout: Checkout, pipeline: Pipeline, scenarios: Iterable[Scenario]
) -> tuple[str, ...]:
    """Return the names that scenarios give their workloads; empty: the pipeline's.

    The health check has none, and a script of one's own needs none.
    """

    def has_workload(scenario: Scenario) -> bool:
        if scenario.name == HEALTH_CHECK:
            return False
        is_own = scenario.k6_script.is_relative_to(checkout.own_scripts)
        return not is_own or workload_file(checkout, pipeline, scenario.workload) is not None

    return tuple(dict.fromkeys(each.workload for each in scenarios if has_workload(each)))


def load_workloads(
    checkout: Checkout, pipeline: Pipeline, names: Iterable[str]
) -> dict[str, Workload]:
    """Read the workloads with these names, as scenarios give them; empty: the pipeline's.

    Raises:
        UsageFailure: A file is missing or wrong; the message has one line for each fault.
    """
    found: dict[str, Workload] = {}
    faults: list[str] = []
    for name in names:
        try:
            found[name] = load_workload(checkout, pipeline, name)
        except UsageFailure as failure:
            faults.append(str(failure))
    if faults:
        raise UsageFailure("\n".join(faults))
    return found


def derive_plans(
    pipeline: Pipeline, dsn: str, workloads: Mapping[str, Workload]
) -> dict[str, Derived]:
    """Derive the plan of each workload.

    Args:
        pipeline: The pipeline.
        dsn: The source.
        workloads: The workloads, by a name.

    Raises:
        UsageFailure: A workload does not fit the tables; one line for each fault.
        StackFailure: PostgreSQL does not answer, or the role may not read what is needed.
    """
    if not workloads:
        return {}
    found: dict[str, Derived] = {}
    faults: list[str] = []
    try:
        with source.connect(dsn) as connection:
            catalog, rows = source_catalog(connection, pipeline), QueriedRows(connection)
            for name, workload in workloads.items():
                try:
                    found[name] = derive(workload, pipeline, catalog, rows)
                except UsageFailure as failure:
                    faults.append(str(failure))
    except (NotReady, psycopg.Error) as error:
        raise StackFailure(
            f"the source cannot be read to derive the load: {str(error).splitlines()[0]}",
            hint="check the database and the rights of its role",
        ) from None
    if faults:
        raise UsageFailure("\n".join(dict.fromkeys("\n".join(faults).splitlines())))
    return found


def source_catalog(connection: Connection[tuple[Any, ...]], pipeline: Pipeline) -> Catalog:
    """Read the pipeline's tables, and those that they refer to.

    Raises:
        psycopg.Error: PostgreSQL does not answer.
    """
    captured = {str(table.name) for table in pipeline.tables}
    found = read_catalog(connection, sorted(captured))
    parents = {key.table for table in found.tables.values() for key in table.foreign_keys}
    more = read_catalog(connection, sorted(parents - captured))
    return Catalog({**found.tables, **more.tables}, found.publications, found.slots)
