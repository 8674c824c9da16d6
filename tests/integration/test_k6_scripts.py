"""The k6 scripts on the real stack, each for a few seconds."""

import json
import re
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cdc_perf import process
from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.results.summary import Summary, read_summary
from cdc_perf.settings.metrics import Source, load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.scenarios import HEALTH_CHECK, load_scenarios
from cdc_perf.settings.threshold_file import load_thresholds
from cdc_perf.stack.endpoints import Endpoints

SCENARIOS = (
    "health-check",
    "baseline",
    "stress",
    "spike",
    "soak",
    "e2e-latency",
    "mixed-workload",
    "breakpoint",
    "resilience",
)
LOADED = SCENARIOS[1:]
_TIMEOUT_MS = 10_000
_TICK_MS = 10
_THRESHOLDS_FAILED, _CONFIG_WRONG, _SCRIPT_THREW, _MARKED_AS_FAILED = 99, 104, 107, 110


def script_of(checkout: Checkout, scenario: str) -> Path:
    return load_scenarios(checkout).get(scenario).k6_script


@dataclass(frozen=True)
class Ran:
    """What one run of a script left."""

    exit_code: int
    output: str
    summary_file: Path
    points_file: Path

    @property
    def summary(self) -> Summary:
        found = read_summary(self.summary_file)
        assert isinstance(found, Summary), f"{found}\n{self.output}"
        return found

    def check(self, name: str) -> tuple[int, int]:
        """Return how often a check passed and failed."""
        (found,) = [check for check in self.summary.checks if check.name == name]
        return found.passes, found.fails

    def points(self, metric: str) -> list[Mapping[str, Any]]:
        """Return the raw points of one metric."""
        lines = map(json.loads, self.points_file.read_text(encoding="utf-8").splitlines())
        return [x["data"] for x in lines if x["type"] == "Point" and x["metric"] == metric]


Run = Callable[..., Ran]


@pytest.fixture
def run(checkout: Checkout, k6: Path, tmp_path: Path) -> Run:
    """Run a scenario's script; keyword arguments are its environment."""

    def run(scenario: str, *, k6_folder: Path | None = None, **environment: str) -> Ran:
        script = script_of(checkout, scenario)
        if k6_folder is not None:
            script = k6_folder / script.relative_to(checkout.k6)
        summary, points = tmp_path / "summary.json", tmp_path / "points.json"
        completed = process.run(
            [k6, "run", "--quiet", "--address", "", "--out", f"json={points}", script],
            cwd=tmp_path,
            env={
                "K6_AUTO_EXTENSION_RESOLUTION": "false",
                "K6_NO_USAGE_REPORT": "true",
                "CDC_SUMMARY": str(summary),
                "CDC_SCENARIO": scenario,
                "CDC_WORKLOAD": str(checkout.plans / f"{scenario}.json"),
                **environment,
            },
            timeout_seconds=60,
            check=False,
        )
        return Ran(completed.exit_code, completed.output, summary, points)

    return run


def inspect(k6: Path, script: Path, **environment: str) -> dict[str, Any]:
    """Return the options of a script as k6 takes them."""
    answer = process.run(
        [k6, "inspect", "--include-system-env-vars", script], env=environment, timeout_seconds=30
    )
    return dict(json.loads(answer.output))


@pytest.fixture
def settings_copy(checkout: Checkout, tmp_path: Path) -> Path:
    """Copy the scripts with their settings, to change them."""
    copy = tmp_path / "k6"
    shutil.copytree(checkout.k6, copy)
    return copy


def rewrite(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")


def short_time_out(thresholds: dict[str, Any]) -> None:
    """Limit the latency, so that the time-out is the shortest there is."""
    thresholds["baseline"]["cdc_e2e_latency"] = {"p95": 1000}


def test_every_scenario_has_a_test(checkout: Checkout) -> None:
    assert load_scenarios(checkout).names == SCENARIOS


@pytest.mark.parametrize("scenario", LOADED)
def test_a_scenario_runs_and_measures(run: Run, endpoints: Endpoints, scenario: str) -> None:
    ran = run(scenario, DURATION="3s", VUS="4", **endpoints.environment())

    summary = ran.summary
    iterations = summary.observed("iterations", "count")
    # The limits are judged elsewhere: on a busy machine they may break.
    assert ran.exit_code in (0, _THRESHOLDS_FAILED), ran.output
    assert summary.scenario == scenario
    assert iterations
    assert summary.samples("cdc_e2e_latency") == iterations
    assert summary.samples("cdc_success_rate") == iterations
    assert summary.observed("cdc_success_rate", "rate") == 1, ran.output
    assert summary.samples("cdc_e2e_latency{phase:steady}") > 0
    assert summary.samples("generator_delay") > 0
    assert summary.observed("mongo_documents_found", "count") == iterations
    for silent in ("pg_write_errors", "mongo_read_errors", "mongo_documents_not_found"):
        assert summary.observed(silent, "count") == 0, ran.output
        # The dashboards select by scenario.
        assert [(x["value"], x["tags"]["scenario"]) for x in ran.points(silent)] == [(0, scenario)]
    assert summary.observed("dropped_iterations", "count") is not None


def test_samples_begin_as_warm_up_and_go_on_as_steady(run: Run, endpoints: Endpoints) -> None:
    ran = run("baseline", DURATION="4s", VUS="4", **endpoints.environment())

    phases = [(x["time"], x["tags"]["phase"]) for x in ran.points("cdc_success_rate")]
    assert {phase for _, phase in phases} == {"warmup", "steady"}
    steady = sum(phase == "steady" for _, phase in phases)
    assert ran.summary.samples("cdc_e2e_latency{phase:steady}") == steady
    assert ran.summary.samples("cdc_e2e_latency") == len(phases)
    assert {x["tags"]["phase"] for x in ran.points("iteration_duration")} == {"warmup", "steady"}


def test_a_mixed_workload_does_all_of_its_operations(run: Run, endpoints: Endpoints) -> None:
    # A virtual user deals twenty operations of which each kind has its share: at 0.5 s of thinking
    # they take ten seconds; with many users a few of each come sooner.
    ran = run("mixed-workload", DURATION="6s", VUS="25", **endpoints.environment())

    points = ran.points("cdc_success_rate")
    assert {(x["tags"]["table"], x["tags"]["operation"]) for x in points} == {
        *(("public.customer", operation) for operation in ("insert", "update", "delete")),
        ("public.orders", "insert"),
        ("public.address", "insert"),
    }
    assert all(x["value"] == 1 for x in points), ran.output
    passed, failed = ran.check("document read back has the content of the row")
    assert (passed > 0, failed) == (True, 0)
    # An order has two items.
    inserted = {"public.customer": 1, "public.address": 1, "public.orders": 3}
    assert ran.summary.observed("pg_records_inserted", "count") == sum(
        inserted[x["tags"]["table"]] for x in points if x["tags"]["operation"] == "insert"
    )
    for metric in ("cdc_e2e_latency", "pg_write_duration", "iteration_duration"):
        assert all(x["tags"]["table"] for x in ran.points(metric))


@pytest.fixture
def renamed(endpoints: Endpoints) -> Iterator[dict[str, str]]:
    """Return the environment of a PostgreSQL sink whose customers have other names.

    The sink is a view of the source: rows are there at once.
    """
    with psycopg.connect(endpoints.postgres_dsn, autocommit=True) as connection:
        connection.execute(
            'CREATE VIEW "Person" AS SELECT id AS uid, email AS mail, status FROM customer'
        )
        yield {
            "CDC_SINK": "postgres",
            "CDC_SINK_DSN": endpoints.postgres_dsn,
            "CDC_TABLES": json.dumps(
                {
                    "public.customer": {
                        "target": "public.Person",
                        "key": ["id"],
                        "columns": {"id": "uid", "email": "mail"},
                        "ignored": ["status"],
                    }
                }
            ),
        }
        connection.execute('DROP VIEW "Person"')


@pytest.mark.parametrize("scenario", ["baseline", "mixed-workload"])
def test_a_change_arrives_when_it_can_be_read_from_its_topic(
    run: Run, endpoints: Endpoints, scenario: str
) -> None:
    without_sink = {"CDC_SINK": "kafka", "CDC_MONGODB_URI": "", "CDC_MONGODB_DATABASE": ""}

    ran = run(scenario, DURATION="6s", VUS="10", **endpoints.environment() | without_sink)

    operations = {x["tags"]["operation"] for x in ran.points("cdc_success_rate")}
    assert operations >= ({"insert", "delete"} if scenario == "mixed-workload" else {"insert"})
    assert ran.summary.observed("cdc_success_rate", "rate") == 1, ran.output
    assert ran.summary.observed("mongo_read_errors", "count") == 0, ran.output
    passed, failed = ran.check("document read back has the content of the row")
    assert (passed > 0, failed) == (True, 0)


def test_a_sink_in_postgresql_has_its_own_names(
    run: Run, endpoints: Endpoints, renamed: dict[str, str]
) -> None:
    ran = run("baseline", DURATION="3s", VUS="4", **endpoints.environment() | renamed)

    assert ran.summary.observed("cdc_success_rate", "rate") == 1, ran.output
    assert ran.summary.observed("mongo_read_errors", "count") == 0, ran.output
    passed, failed = ran.check("document read back has the content of the row")
    assert (passed > 0, failed) == (True, 0)


def test_an_update_that_the_sink_ignores_is_an_error(
    run: Run, checkout: Checkout, endpoints: Endpoints, renamed: dict[str, str], tmp_path: Path
) -> None:
    plan = json.loads((checkout.plans / "mixed-workload.json").read_bytes())
    plan["changes"] = [x for x in plan["changes"] if x["table"] == "public.customer"]
    (tmp_path / "customers.json").write_text(json.dumps(plan), encoding="utf-8")
    given = {**renamed, "CDC_WORKLOAD": str(tmp_path / "customers.json")}

    ran = run("mixed-workload", DURATION="6s", VUS="4", **endpoints.environment() | given)

    says = "the pipeline ignores every column that the update of public.customer sets"
    assert says in ran.output


def test_the_ledger_has_the_times_of_writes_and_of_arrivals(
    run: Run, endpoints: Endpoints, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger.tsv"
    began = time.time_ns() // 1000

    ran = run(
        "mixed-workload",
        DURATION="4s",
        VUS="10",
        **endpoints.environment() | {"CDC_LEDGER": str(ledger)},
    )

    ended = time.time_ns() // 1000
    lines = [line.split("\t") for line in ledger.read_text(encoding="utf-8").splitlines()]
    written: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    seen: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for first, table, key, at, *rest in lines:
        if first == "s":
            seen[rest[0], table, key].append(int(at))
        else:
            written[first, table, key].append(int(at))
    assert ran.summary.observed("iterations", "count") == sum(len(x) for x in seen.values())
    assert {op for op, _, _ in seen} == {"c", "u", "d"}
    for change, arrivals in seen.items():
        # A row is updated several times, each time after the last one was seen.
        assert len(written[change]) == len(arrivals)
        both = [at for pair in zip(written[change], arrivals, strict=True) for at in pair]
        assert [began, *both, ended] == sorted([began, *both, ended])
    # Of an order and its two items, only the order is waited for.
    assert {table for _, table, _ in written} - {table for _, table, _ in seen} == {
        "public.order_item"
    }


@pytest.mark.parametrize(
    ("sink", "answers"),
    [
        pytest.param({"CDC_SINK": "kafka"}, "Kafka answers", id="kafka"),
        pytest.param({"CDC_SINK": "postgres"}, "PostgreSQL sink answers", id="postgres"),
    ],
)
def test_the_health_check_of_another_sink(
    run: Run, endpoints: Endpoints, pipeline: Pipeline, sink: dict[str, str], answers: str
) -> None:
    slot = {"CDC_SINK_DSN": endpoints.postgres_dsn, "CDC_SLOT": pipeline.postgres.slot}

    ran = run(HEALTH_CHECK, **endpoints.environment() | slot | sink)

    assert ran.exit_code == 0, ran.output
    checks = {(check.name, check.passes, check.fails) for check in ran.summary.checks}
    assert {(answers, 1, 0), ("canary delete arrives", 1, 0)} < checks
    assert "MongoDB answers" not in {name for name, _, _ in checks}


def test_the_health_check_goes_through_every_hop(run: Run, endpoints: Endpoints) -> None:
    ran = run(HEALTH_CHECK, **endpoints.environment())

    assert ran.exit_code == 0, ran.output
    assert {(check.name, check.passes, check.fails) for check in ran.summary.checks} == {
        (name, 1, 0)
        for name in (
            *("PostgreSQL answers", "replication slot active", "MongoDB answers"),
            *("connector and tasks running", "consumer ready", "the load can be tried"),
            *("canary row arrives", "canary update arrives", "canary delete arrives"),
        )
    }


def test_a_load_that_postgresql_refuses_fails_the_health_check(
    run: Run, checkout: Checkout, endpoints: Endpoints, tmp_path: Path
) -> None:
    plan = json.loads((checkout.plans / "mixed-workload.json").read_bytes())
    columns = plan["tables"]["public.order_item"]["columns"]
    (quantity,) = [column for column in columns if column["name"] == "quantity"]
    quantity["generator"] = {"kind": "sql", "sql": "0"}
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(plan), encoding="utf-8")
    plans = [str(checkout.plans / "baseline.json"), str(broken)]

    ran = run(HEALTH_CHECK, **endpoints.environment() | {"CDC_WORKLOADS": json.dumps(plans)})

    assert ran.exit_code == _MARKED_AS_FAILED
    (failed,) = [check.name for check in ran.summary.checks if check.fails]
    assert failed.startswith(
        'the load is accepted: insert of public.orders: new row for relation "order_item" violates '
        'check constraint "order_item_quantity_check"'
    )
    # The rest of the pipeline works.
    assert ran.check("canary delete arrives") == (1, 0)


@pytest.mark.parametrize(
    ("changed", "failed", "why"),
    [
        pytest.param(
            {"CDC_CONNECTOR": "no-such"},
            "connector and tasks running",
            "status 404",
            id="wrong connector",
        ),
        pytest.param(
            {"CDC_CONSUMER_URL": "http://127.0.0.1:1"},
            "consumer ready",
            "connection refused",
            id="consumer refuses",
        ),
        pytest.param(
            {"CDC_POSTGRES_DSN": "postgresql://cdc@127.0.0.1:1/cdc"},
            "PostgreSQL answers",
            "connection refused",
            id="PostgreSQL refuses",
        ),
        pytest.param(
            {"CDC_MONGODB_DATABASE": "empty"},
            "canary row arrives",
            "not in MongoDB after 10000 ms",
            id="rows arrive elsewhere",
        ),
        pytest.param(
            {
                "CDC_SINK": "kafka",
                "CDC_TABLES": '{"public.cdc_perf_canary": {"topic": "cdc.nowhere"}}',
            },
            "canary row arrives",
            "not in Kafka after 10000 ms",
            id="events arrive elsewhere",
        ),
        pytest.param(
            {"CDC_SINK": "kafka", "CDC_KAFKA_BOOTSTRAP": "127.0.0.1:1"},
            "Kafka answers",
            "connection refused",
            id="Kafka refuses",
        ),
        pytest.param(
            {"CDC_SLOT": "nobodys"},
            "replication slot active",
            "there is no logical replication slot nobodys",
            id="wrong slot",
        ),
    ],
)
def test_a_failed_health_check_names_the_hop(
    run: Run, endpoints: Endpoints, changed: dict[str, str], failed: str, why: str
) -> None:
    ran = run(HEALTH_CHECK, **endpoints.environment() | changed)

    assert ran.exit_code == _MARKED_AS_FAILED
    assert ran.check(failed) == (0, 1)
    assert re.search(rf"{failed}: .*{why}", ran.output), ran.output


def test_a_document_that_never_arrives_counts_as_its_time_out(
    run: Run, endpoints: Endpoints, settings_copy: Path
) -> None:
    rewrite(settings_copy / "thresholds.json", short_time_out)

    ran = run(
        "baseline",
        k6_folder=settings_copy,
        DURATION="1s",
        VUS="3",
        **endpoints.environment() | {"CDC_MONGODB_DATABASE": "empty"},
    )

    assert ran.exit_code == _THRESHOLDS_FAILED, ran.output
    assert [x["value"] for x in ran.points("cdc_e2e_latency")] == [_TIMEOUT_MS] * 3
    assert [x["value"] for x in ran.points("cdc_success_rate")] == [0] * 3
    assert ran.summary.observed("mongo_documents_not_found", "count") == 3
    assert ran.summary.observed("mongo_read_errors", "count") == 0
    assert "insert of public.customer: not in MongoDB after 10000 ms" in ran.output
    # Nobody began anything in those seconds, and the generator's clock ticked all the same.
    assert ran.summary.samples("generator_delay") >= _TIMEOUT_MS / _TICK_MS - 1


def test_a_write_that_fails_at_once_is_no_fast_answer(run: Run, endpoints: Endpoints) -> None:
    unreachable = {"CDC_POSTGRES_DSN": "postgresql://cdc@127.0.0.1:1/cdc"}

    ran = run("e2e-latency", DURATION="1s", VUS="20", **endpoints.environment() | unreachable)

    assert ran.exit_code == _THRESHOLDS_FAILED
    latencies = {x["value"] for x in ran.points("cdc_e2e_latency")}
    assert latencies == {x["value"] for x in ran.points("pg_write_duration")} == {_TIMEOUT_MS}
    iterations = ran.summary.observed("iterations", "count")
    assert ran.summary.observed("pg_write_errors", "count") == iterations
    assert ran.summary.observed("pg_records_inserted", "count") == 0
    # Every virtual user met it in every iteration; the log says it a few times.
    assert 1 <= ran.output.count("pg_write_errors: ") <= 5, ran.output


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"DURATION": "soon"}, "DURATION: 'soon' is not a duration above zero"),
        ({"DURATION": "1d"}, "DURATION: '1d' is not a duration above zero"),
        ({"DURATION": "0s"}, "DURATION: '0s' is not a duration above zero"),
        ({"DURATION": "-5s"}, "DURATION: '-5s' is not a duration above zero"),
        ({"HOLD_RATE": "fast"}, "HOLD_RATE: 'fast' is not a whole number above zero"),
        (
            {"HOLD_RATE": "50"},
            "HOLD_RATE: '50' is not a whole number above zero, or this scenario has no",
        ),
        ({"VUS": "0"}, "VUS: '0' is not a whole number above zero"),
        ({"VUS": "ten"}, "VUS: 'ten' is not a whole number above zero"),
        ({"CDC_ENV": "moon"}, "CDC_ENV: thresholds.json has no environment 'moon'; known: ci"),
        ({"CDC_POSTGRES_DSN": ""}, "no pipeline: start one with `inv up`"),
        ({"CDC_POSTGRES_DSN": "postgresql://:port/"}, "postgresql: cannot parse"),
        ({"CDC_MONGODB_URI": "http://127.0.0.1"}, "mongodb: error parsing uri"),
        ({"CDC_SINK": "redis"}, "CDC_SINK: 'redis' is not mongodb, postgres, kafka"),
        ({"CDC_SINK": "postgres"}, "or set CDC_POSTGRES_DSN, CDC_SINK_DSN"),
        (
            {"CDC_SINK": "postgres", "CDC_SINK_DSN": "postgresql://:port/"},
            "postgresql: cannot parse",
        ),
        (
            {"CDC_SINK": "kafka", "CDC_KAFKA_BOOTSTRAP": "127.0.0.1:1"},
            "kafka: topic cdc.public.customer: unable to dial: dial tcp 127.0.0.1:1",
        ),
        ({"CDC_TABLES": "[]"}, "tables: json: cannot unmarshal array"),
        ({"CDC_TABLES": '{"public.customer": {"name": "a"}}'}, "tables: json: unknown field"),
        (
            {"CDC_SINK": "kafka", "CDC_KAFKA_CLIENT": '{"sasl.user": "a"}'},
            "kafka: the load generator does not know the client setting sasl.user",
        ),
    ],
    ids=lambda value: "&".join(map("=".join, value.items())) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_ends_the_run_in_one_line(
    run: Run, endpoints: Endpoints, environment: dict[str, str], says: str
) -> None:
    ran = run("baseline", **endpoints.environment() | {"DURATION": "1s"} | environment)

    assert ran.exit_code == _SCRIPT_THREW
    (line,) = [line for line in ran.output.splitlines() if "level=error" in line]
    assert says in line
    assert not ran.points_file.exists() or not ran.points("cdc_e2e_latency")


def test_the_health_check_without_a_pipeline_does_not_pass(run: Run, settings_copy: Path) -> None:
    ran = run(HEALTH_CHECK, k6_folder=settings_copy)

    assert ran.exit_code == _SCRIPT_THREW
    assert "no pipeline: start one with `inv up`" in ran.output


def test_a_shape_that_k6_refuses_is_an_error_of_configuration(
    run: Run, endpoints: Endpoints, settings_copy: Path
) -> None:
    rewrite(
        settings_copy / "scenarios.json",
        lambda scenarios: scenarios["baseline"]["options"].update(vus=0),
    )

    ran = run("baseline", k6_folder=settings_copy, **endpoints.environment())

    assert ran.exit_code == _CONFIG_WRONG, ran.output


def test_by_hand_the_scripts_find_the_stack_that_is_up(run: Run, endpoints: Endpoints) -> None:
    """No environment, another working folder: the files in .stack are used."""
    ran = run("baseline", DURATION="2s", VUS="2", CDC_SCENARIO="", CDC_WORKLOAD="")

    assert ran.exit_code == 0, ran.output
    assert ran.summary.observed("cdc_success_rate", "rate") == 1
    assert re.search(r"^baseline: .*, DURATION=2s, VUS=2$", ran.output, re.MULTILINE)
    assert re.search(r"^ok +cdc_success_rate +rate>=0.99 +1$", ran.output, re.MULTILINE)
    assert endpoints.connector


def test_limits_without_samples_are_shown_as_no_data(
    run: Run, endpoints: Endpoints, settings_copy: Path
) -> None:
    rewrite(
        settings_copy / "thresholds.json",
        lambda limits: limits["baseline"].update(mongo_read_duration={"p95": 1, "count": 5}),
    )

    ran = run(
        "baseline",
        k6_folder=settings_copy,
        DURATION="1s",
        VUS="1",
        **endpoints.environment() | {"CDC_POSTGRES_DSN": "postgresql://cdc@127.0.0.1:1/cdc"},
    )

    assert re.search(r"^NO-DATA +mongo_read_duration.* +p\(95\)<=1 +-$", ran.output, re.MULTILINE)
    assert ran.summary.samples("mongo_read_duration{phase:steady}") == 0


@pytest.mark.parametrize("environment", ["", "ci"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_k6_and_the_harness_set_the_same_limits(
    checkout: Checkout, k6: Path, scenario: str, environment: str
) -> None:
    metrics = load_metrics(checkout)
    table = load_thresholds(checkout, load_scenarios(checkout).names, metrics)
    ours = {
        (limit.k6_metric, limit.k6_expression)
        for limit in table.thresholds_of(scenario, environment)
        if limit.in_k6
    }

    script = script_of(checkout, scenario)
    options = inspect(k6, script, CDC_ENV=environment, CDC_SCENARIO=scenario)

    theirs = {
        (metric, limit if isinstance(limit, str) else limit["threshold"])
        for metric, limits in (options["thresholds"] or {}).items()
        for limit in limits
    }
    assert theirs == ours
    if scenario != HEALTH_CHECK:
        # Without an entry k6 keeps no sub-metric and leaves out counters that nothing touched.
        # Gauges are the stack's, which k6 does not know.
        known = {kind.k6_name for kind in metrics.values() if kind.source is Source.K6}
        assert set(options["thresholds"]) == known


@pytest.mark.parametrize(
    ("metric", "stat", "limit"),
    [
        ("cdc_e2e_latency", "p99.9", 1234.5),
        ("cdc_e2e_latency", "med", "med < 2000.0"),
        ("cdc_e2e_latency", "p95", "p(95) < 0.00000012"),
        ("cdc_success_rate", "rate", "rate>0.99"),
        ("pg_write_errors", "count", 0),
        ("iterations", "rate", 1e21),
        ("generator_delay", "count", 100),
    ],
)
def test_k6_and_the_harness_write_a_limit_alike(
    checkout: Checkout, k6: Path, settings_copy: Path, metric: str, stat: str, limit: object
) -> None:
    rewrite(
        settings_copy / "thresholds.json",
        lambda limits: limits.update(baseline={metric: {stat: limit}}),
    )
    script = settings_copy / "scripts" / "workload-test.js"
    changed = Checkout.at(settings_copy.parent, {"RESULTS_DIR": str(checkout.results)})
    table = load_thresholds(changed, SCENARIOS, load_metrics(checkout))
    (ours,) = [x for x in table.thresholds_of("baseline") if x.metric == metric]

    theirs = inspect(k6, script)["thresholds"][ours.k6_metric]

    assert theirs == ([ours.k6_expression] if ours.in_k6 else [])


@pytest.mark.parametrize(
    ("metric", "stat", "limit"),
    [
        ("cdc_e2e_latency", "p95", "p(95)<2e3"),
        ("cdc_e2e_latency", "p95", "p(99)<2000"),
        ("cdc_e2e_latency", "p95", "p(95)==2000"),
        ("cdc_e2e_latency", "p75", 2000),
        ("cdc_e2e_latency", "rate", 1),
        ("cdc_success_rate", "count", 1),
    ],
)
def test_k6_and_the_harness_refuse_the_same(
    checkout: Checkout, k6: Path, settings_copy: Path, metric: str, stat: str, limit: object
) -> None:
    rewrite(
        settings_copy / "thresholds.json",
        lambda limits: limits.update(baseline={metric: {stat: limit}}),
    )
    changed = Checkout.at(settings_copy.parent, {"RESULTS_DIR": str(checkout.results)})

    with pytest.raises(UsageFailure, match=rf"baseline\.{metric}\.{re.escape(stat)}"):
        load_thresholds(changed, SCENARIOS, load_metrics(checkout))
    with pytest.raises(StackFailure, match=f"exited with code {_SCRIPT_THREW}"):
        inspect(k6, settings_copy / "scripts" / "workload-test.js")


@pytest.mark.parametrize(
    ("scenario", "environment", "shape"),
    [
        ("baseline", {"DURATION": "90s", "VUS": "3"}, {"vus": 3, "duration": "1m30s"}),
        (
            "stress",
            {"DURATION": "16s", "VUS": "15"},
            {
                "startVUs": 0,
                "stages": [
                    {"duration": f"{seconds}s", "target": target}
                    for seconds, target in ((2, 5), (4, 10), (4, 15), (4, 10), (2, 0))
                ],
            },
        ),
        (
            # What is not zero stays above zero; the stages add up to the millisecond.
            "spike",
            {"DURATION": "1s", "VUS": "5"},
            {
                "startVUs": 1,
                "stages": [
                    {"duration": f"{ms}ms", "target": target}
                    for ms, target in ((250, 1), (83, 5), (250, 5), (84, 1), (333, 1))
                ],
            },
        ),
        (
            "e2e-latency",
            {"DURATION": "1m", "VUS": "15"},
            {"rate": 10, "duration": "1m0s", "preAllocatedVUs": 15, "maxVUs": 15},
        ),
        (
            "breakpoint",
            {"VUS": "300"},
            {
                "preAllocatedVUs": 300,
                "maxVUs": 300,
                "stages": [{"duration": "10m0s", "target": 1500}],
            },
        ),
        (
            # The hold is as much shorter than it was committed as the ramp is.
            "breakpoint",
            {"HOLD_RATE": "640", "DURATION": "1m", "VUS": "300"},
            {
                "executor": "constant-arrival-rate",
                "rate": 640,
                "timeUnit": "1s",
                "duration": "30s",
                "preAllocatedVUs": 300,
                "maxVUs": 300,
            },
        ),
        ("health-check", {"DURATION": "5s", "VUS": "9"}, {"vus": 1, "iterations": 1}),
    ],
)
def test_overrides_keep_the_form_of_a_shape(
    checkout: Checkout, k6: Path, scenario: str, environment: dict[str, str], shape: dict[str, Any]
) -> None:
    given = {**environment, "CDC_SCENARIO": scenario}
    options = inspect(k6, script_of(checkout, scenario), **given)["scenarios"][scenario]

    assert {name: options[name] for name in shape} == shape


def test_breakpoint_ends_at_the_first_limit_that_breaks(checkout: Checkout, k6: Path) -> None:
    script = script_of(checkout, "breakpoint")
    thresholds = inspect(k6, script, CDC_SCENARIO="breakpoint")["thresholds"]

    limits = [limit for limits in thresholds.values() for limit in limits]
    assert limits
    assert all(limit["abortOnFail"] for limit in limits)


def test_a_rate_that_is_held_is_held_to_its_end(checkout: Checkout, k6: Path) -> None:
    script = script_of(checkout, "breakpoint")
    thresholds = inspect(k6, script, HOLD_RATE="500", CDC_SCENARIO="breakpoint")["thresholds"]

    limits = [limit for limits in thresholds.values() for limit in limits]
    assert limits
    assert all(isinstance(limit, str) for limit in limits)
