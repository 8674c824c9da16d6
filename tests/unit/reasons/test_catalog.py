"""The words of every reason, pinned in docs/reasons.md. Run this file to rewrite it.

PYTHONPATH=.:scripts:src python tests/unit/reasons/test_catalog.py
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

import cdc_perf.reasons
from cdc_perf.files import write_atomically
from cdc_perf.integrity.records import FindingKind
from cdc_perf.reasons import connector, findings, gates, hints, runs, thresholds
from cdc_perf.reasons.reason import Reason, ReasonFunction

DOCUMENT = Path(__file__).parents[3] / "docs" / "reasons.md"
_ABOUT = """# Reasons

Each reason in `verdict.json` has a code, its parameters, and a text. Programs read the code and the
parameters: the words of a text can change. A reason without a code is from schema version 1.

In the verdict on a run, a reason has the parameter `scenario`, and its text begins with the
scenario. A reason from an earlier part of a breakpoint has the parameter `part`.

`tests/unit/reasons/test_catalog.py` generates this table from `scripts/cdc_perf/reasons/`.

| code | example |
| --- | --- |
"""
_LATE = gates.clock_behind(
    hop="PostgreSQL to Debezium",
    sender="PostgreSQL",
    receiver="Kafka Connect",
    events=540,
    negative=12,
    mean_ms=2.4,
)
_FAILED = "connector cdc: task 0 FAILED: RecordTooLargeException"

# An example of each function of the catalog, in the order of the document.
EXAMPLES: tuple[Reason, ...] = (
    thresholds.threshold_broken(
        metric="cdc_e2e_latency",
        stat="p95",
        operator="<=",
        threshold=2000,
        observed=2310.4,
        unit="ms",
        samples=540,
    ),
    thresholds.threshold_broken(
        metric="cdc_success_rate",
        stat="rate",
        operator=">=",
        threshold=0.99,
        observed=0.9883,
        unit="",
        samples=600,
    ),
    thresholds.threshold_broken(
        metric="cdc_e2e_latency",
        stat="p95",
        operator="<",
        threshold=2000,
        observed=2000,
        unit="ms",
        samples=540,
    ),
    thresholds.threshold_broken(
        metric="held_rate",
        stat="value",
        operator=">",
        threshold=500,
        observed=400,
        unit="/s",
        samples=None,
    ),
    thresholds.too_few_samples(
        metric="cdc_e2e_latency", stat="p95", samples=10, needed=60, run_for="6m", so_far=""
    ),
    thresholds.too_few_samples(
        metric="cdc_success_rate",
        stat="rate",
        samples=1,
        needed=30_000_000,
        run_for="",
        so_far="cdc_success_rate rate was 0 over 1 sample; it must be at least 0.9999999",
    ),
    thresholds.no_samples(metric="cdc_e2e_latency", stat="p95", after_warm_up=True),
    thresholds.no_summary_for_threshold(),
    thresholds.hop_not_measured(metric="hop_total", why="the consumer does not answer"),
    thresholds.hop_without_events(metric="hop_total"),
    thresholds.hop_beyond_histogram(metric="hop_total", stat="p50", threshold=200_000, unit="ms"),
    thresholds.metric_not_sampled(metric="consumer_lag"),
    thresholds.jvm_metric_not_sampled(metric="heap_live_kafka"),
    thresholds.growth_undecided(
        metric="memory_consumer",
        stat="growth_per_hour",
        low=-57_139,
        high=264_192,
        threshold=65_536,
        unit="B/h",
    ),
    thresholds.no_commit(metric="consumer_lag", seconds=59),
    thresholds.too_few_commits(metric="consumer_lag", stat="p95", samples=2, needed=60, every=60.0),
    thresholds.lag_recovery_without_commit(metric="lag_recovery_seconds", every=60.0),
    thresholds.lag_recovery_between_commits(low=7, high=67, threshold=60),
    thresholds.lag_recovery_without_peak(metric="lag_recovery_seconds", sampled="consumer_lag"),
    thresholds.lag_not_recovered(level=2, seconds=24),
    thresholds.lag_recovery_undecided(level=1, seconds=24, threshold=60),
    thresholds.not_counted(metric="rows_lost"),
    thresholds.no_hold(),
    thresholds.recovery_unknown(
        metric="catch_up_seconds{fault:kill:kafka}", why="the observation ended before it"
    ),
    gates.no_threshold(scenario="baseline"),
    gates.summary_missing(why="k6 wrote no summary.json: see the end of its log"),
    gates.summary_of_another_scenario(found="spike", expected="baseline"),
    gates.load_interrupted(how="interrupted by SIGINT"),
    gates.k6_interrupted(),
    gates.k6_failed(exit_code=107),
    gates.k6_failed(exit_code=1),
    gates.k6_killed(signal="SIGKILL"),
    gates.k6_exit_hides_broken_thresholds(broken=["cdc_e2e_latency p(95)<=2000"]),
    gates.k6_exit_without_broken_threshold(),
    gates.k6_did_not_judge(threshold="cdc_success_rate rate>=0.99"),
    gates.k6_judged_differently(
        threshold="cdc_e2e_latency p(95)<=2000", stat="p(95)", observed=2310.4, k6_holds=True
    ),
    gates.k6_judged_unknown_threshold(threshold="pg_write_errors count<=0"),
    gates.points_unreadable(why="IO Error: no space left on device"),
    gates.points_damaged(damage="points.json.gz does not exist"),
    gates.points_differ_from_summary(
        differences=["sum of iterations: 600 in the summary, 599 in the points"], more=2
    ),
    gates.no_iteration(),
    gates.iterations_threw(count=3, first="TypeError: x is undefined"),
    gates.iterations_without_result(missing=1, ended=600),
    gates.health_check_failed(checks=["connector", "mongodb"]),
    gates.load_refused(
        change='insert of shop.orders: new row for relation "orders" violates check constraint '
        '"orders_qty_check"'
    ),
    gates.health_check_empty(),
    gates.iterations_dropped(dropped=11, due=10_000),
    gates.rate_not_reached(made=593, asked=600),
    gates.load_too_short(seconds=30.0, asked_seconds=60.0),
    gates.generator_ticks_too_few(samples=299, needed=300),
    gates.generator_starved(p99_ms=50.04, highest_ms=50),
    gates.clock_set(seconds=-3600.0),
    gates.component_died(
        component="connect",
        what="ended (exit status 1)",
        remedy=hints.disk_full().text,
        log=["INFO up", "ERROR gone"],
    ),
    gates.component_operated(component="connect", what="ended (terminated by SIGTERM)"),
    connector.connector_failed(problem=_FAILED, remedy="raise max.request.size"),
    connector.connector_halted(problem="connector cdc is paused", remedy="inv up resumes it"),
    connector.connector_absent(problem="there is no connector cdc", remedy="inv connector.deploy"),
    connector.connector_without_task(problem="connector cdc is RUNNING and has no task", remedy=""),
    connector.connector_not_running(problem="connector cdc is UNASSIGNED", remedy=""),
    connector.connector_unknown(problem="Kafka Connect does not answer", remedy="inv status"),
    gates.stack_samples_missing(seconds=60, metrics=["consumer_lag", "cpu_kafka"], samples=[20, 1]),
    _LATE,
    gates.clock_set_back(
        hop="Debezium to Kafka", receiver="Kafka Connect", events=540, negative=12, mean_ms=2.4
    ),
    gates.hop_clocks_differ(clocks=[_LATE.text], metrics=["hop_source_to_debezium"]),
    gates.no_rate_held(ramp="the ramp broke at 10 iterations/s: consumer_lag max was 5,000 events"),
    gates.not_drained(seconds=60.0, outstanding=["consumer group g is 5 events behind in t"]),
    gates.data_loss_check_failed(why="mongodb does not run"),
    *(
        findings.rows_differ(
            kind=kind,
            table="public.customer",
            count=3 if position else 1,
            sample="0b9c",
            last_seen="topic",
            detail="create of lsn 7 at offset 3",
            causes=[],
            sink="mongodb",
        )
        for position, kind in enumerate(FindingKind)
    ),
    findings.topic_recreated(topic="cdc.public.customer", partition=0),
    findings.topic_records_gone(
        topic="cdc.public.customer", partition=0, records=7, why="retention"
    ),
    findings.table_truncated(table="public.customer", count=600, likely=True),
    findings.column_added(
        table="public.customer", column="status", count=600, likely=False, sink="mongodb"
    ),
    findings.column_dropped(
        table="public.customer", column="status", count=600, likely=False, sink="mongodb"
    ),
    findings.column_renamed(
        table="public.customer",
        column="status",
        renamed_to="state",
        count=600,
        likely=False,
        sink="mongodb",
    ),
    findings.column_rewritten(
        table="public.customer", column="status", count=600, likely=False, sink="mongodb"
    ),
    gates.ledger_incomplete(inserted=600, writes=600, noted=599, lines=599),
    gates.no_traffic(seconds=300),
    gates.fault_did_not_happen(fault="kill:connect", why="connect does not run"),
    gates.ledger_empty(),
    runs.not_run(why="the health check did not pass"),
    runs.run_incomplete(),
    runs.not_in_run(),
    runs.no_reason_recorded(),
    runs.verdict_unreadable(why="verdict.json is missing"),
    runs.no_scenario_run(),
    runs.run_interrupted(how="interrupted by SIGINT"),
    runs.runs_unfinished(runs=["20261124T020000Z-0000"]),
    hints.disk_full(),
    hints.memory_too_small(),
    hints.port_taken(),
    hints.open_files_exhausted(),
    hints.tool_cache_damaged(),
)


def catalog() -> Iterator[ReasonFunction[...]]:
    """Yield every function of the catalog."""
    for module in pkgutil.iter_modules(cdc_perf.reasons.__path__):
        content = vars(importlib.import_module(f"{cdc_perf.reasons.__name__}.{module.name}"))
        yield from (x for x in content.values() if isinstance(x, ReasonFunction))


def document() -> str:
    rows = (f"| `{x.code}` | {x.text.replace('|', chr(92) + '|')} |\n" for x in EXAMPLES)
    return _ABOUT + "".join(rows)


FUNCTIONS = tuple(catalog())
CODES = [function.code for function in FUNCTIONS]


def test_the_document_has_the_words_of_every_reason() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), f"run: {__file__}"


def test_every_reason_has_an_example() -> None:
    assert set(CODES) == {example.code for example in EXAMPLES}


def test_no_two_reasons_share_a_code() -> None:
    assert sorted(CODES) == sorted(set(CODES))


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.code)
def test_parameters_are_keyword_only_and_the_text_is_explained(
    function: ReasonFunction[...],
) -> None:
    parameters = inspect.signature(function.words).parameters.values()
    assert {x.kind for x in parameters} <= {inspect.Parameter.KEYWORD_ONLY}
    assert {x.default for x in parameters} <= {inspect.Parameter.empty}
    assert (function.__doc__ or "").strip()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.code)
def test_a_reason_is_the_same_after_a_file(example: Reason) -> None:
    read = msgspec.json.decode(msgspec.json.encode(example), type=Reason)
    assert read == example
    assert hash(read) == hash(example)


_AWKWARD = ("nobody", "whoever", "cannot be told", "is said", ", for ", " %", "limit is", "anew")


@pytest.mark.parametrize("words", _AWKWARD)
def test_no_reason_uses_words_that_the_project_avoids(words: str) -> None:
    assert [example.text for example in EXAMPLES if words in example.text] == []


def test_a_reason_within_a_scenario_names_it_and_can_be_taken_out_again() -> None:
    reason = runs.not_run(why="the stack is gone")
    within = reason.within("scenario", "spike")
    assert within.params == {"scenario": "spike", "why": "the stack is gone"}
    assert within.text == "spike: not run: the stack is gone"
    assert within.without("scenario", "spike") == reason


def test_sequences_and_enumerations_become_json() -> None:
    assert gates.health_check_failed(checks=("a", "b")).params == {"checks": ["a", "b"]}
    (kind, *_) = FindingKind
    reason = findings.rows_differ(
        kind=kind, table="t", count=1, sample="", last_seen="", detail="", causes=(), sink="kafka"
    )
    assert type(reason.params["kind"]) is str


def test_a_value_that_is_no_json_scalar_is_refused() -> None:
    function: Callable[..., Reason] = gates.summary_missing
    with pytest.raises(msgspec.ValidationError):
        function(why={"nested": {"more": 1}})


if __name__ == "__main__":
    write_atomically(DOCUMENT, document())
