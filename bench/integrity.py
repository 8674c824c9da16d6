"""How long the data-loss check takes, and whether clean runs have no findings."""

import msgspec
import psycopg

from bench.figures import Figure
from bench.rows import INSERT
from bench.workplace import Workplace
from cdc_perf.integrity.check import Checker
from cdc_perf.integrity.records import Integrity
from cdc_perf.settings.metrics import CONSUMER_LAG
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.gauges import Gauges
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.tools.cache import Cache
from cdc_perf.waiting import NotReady, wait_until

_ROWS = 100_000
_RUNS = 10
_RUN_SECONDS = 30
_DEADLINE_SECONDS = 900.0


def measure(place: Workplace) -> tuple[Figure, ...]:
    """Return the seconds of ten clean runs' checks, and of checks of 100,000 rows.

    Raises:
        RuntimeError: A run is not clean.
    """
    place.inv("up")
    clean = []
    for _ in range(_RUNS):
        # Only findings matter here, not verdicts on latency.
        place.inv(
            *("perf", "--scenarios", "baseline", "--duration", f"{_RUN_SECONDS}s"),
            codes=(0, 10, 12),
        )
        path = place.checkout.results / "latest" / "baseline" / "integrity.json"
        found = _clean(msgspec.json.decode(path.read_bytes(), type=Integrity))
        clean.append(found)
    pipeline = load_pipeline(place.checkout)
    stack = local_stack(place.checkout, pipeline, Cache.of_environment())
    endpoints = stack.endpoints()
    if endpoints is None:
        raise RuntimeError("the stack is not up")
    with psycopg.connect(endpoints.postgres_dsn, autocommit=True) as connection:
        connection.execute(INSERT, (_ROWS,))
    gauges = Gauges(pipeline, endpoints, dict)

    def caught_up() -> None:
        if (lag := gauges.read({}).get(CONSUMER_LAG)) != 0:
            raise NotReady(f"consumer lag: {lag}")

    wait_until(caught_up, what="the collection", deadline_seconds=_DEADLINE_SECONDS)
    gauges.close()
    checker = Checker(pipeline, endpoints)
    whole = tuple(_clean(checker.check({})).seconds for _ in range(5))
    place.inv("down")
    rows = [sum(table.rows for table in each.tables) for each in clean]
    return (
        Figure(
            "drain and data-loss check after a run",
            "s",
            tuple(each.seconds for each in clean),
            f"{_RUNS} consecutive runs of {_RUN_SECONDS} s without findings, {rows[0]:,} to "
            f"{rows[-1]:,} rows",
        ),
        Figure(
            "drain and data-loss check of 100,000 rows",
            "s",
            whole,
            "and 100,000 events, from the start of the topics; no findings",
        ),
    )


def _clean(found: Integrity) -> Integrity:
    if found.findings or not found.drained or found.unchecked:
        raise RuntimeError(f"the clean run has findings: {found}")
    return found
