"""PostgreSQL 15 of Debian, as a pipeline that others run: tables, types, and every closed model."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.check import Checker
from cdc_perf.integrity.columns import NotCompared, Why
from cdc_perf.integrity.records import FindingKind, Integrity
from cdc_perf.stack.connect_api import ConnectApi
from cdc_perf.stack.external.addresses import addresses
from tests.integration.inv import read
from tests.integration.postgres_15 import CONNECTOR, PROGRAMS, External, external
from tests.integration.types.catalog import XML_TYPES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3000),
    # .ci/run installs it.
    pytest.mark.skipif(
        not PROGRAMS.is_dir() and not os.environ.get("CI"),
        reason=f"there is no {PROGRAMS}: apt-get install postgresql-15",
    ),
]
CLOSED = ("baseline", "stress", "spike", "mixed-workload", "soak")
COLUMNS = ", ".join(f"{each.column} {each.sql}" for each in XML_TYPES)
SCHEMA = f"""
CREATE TABLE papers (id text PRIMARY KEY, touched integer NOT NULL DEFAULT 0, {COLUMNS});
ALTER TABLE papers ALTER COLUMN c_xml SET STORAGE EXTERNAL;
CREATE TABLE sensor (id int PRIMARY KEY, status text, vals numeric[]);
ALTER TABLE sensor ALTER COLUMN vals SET STORAGE EXTERNAL;
ALTER TABLE sensor REPLICA IDENTITY FULL;
"""
TABLES = (
    "\n".join(
        f'[[tables]]\ntable = "public.{name}"\nkey = ["id"]\ntarget = "{name}"\n'
        for name in ("papers", "sensor")
    )
    + "\n[connector]\n"
)


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[External]:
    with external(tmp_path_factory.mktemp("postgres-15"), SCHEMA, TABLES) as found:
        refused = found("connector.deploy")
        assert refused.exit_code == ExitCode.USAGE, refused.output
        assert ConnectApi(found.local.endpoints.connect_url).config(CONNECTOR) is None
        deployed = found("connector.deploy", "--yes")
        assert deployed.exit_code == ExitCode.PASS, deployed.output
        yield found


def check(pipe: External) -> Integrity:
    found = addresses(pipe.pipeline, pipe.environment, pipe.inv.checkout.pipeline)
    checker = Checker(pipe.pipeline, found)
    integrity = checker.check(checker.begin())
    assert integrity.drained, integrity.drain
    return integrity


def test_the_tables_are_followed_and_generated_columns_are_named(pipe: External) -> None:
    up = pipe("up", "--yes")
    assert up.exit_code == ExitCode.PASS, up.output
    pipe.execute(
        "INSERT INTO customer (id, email) SELECT gen_random_uuid(), i || '@example.test' "
        "FROM generate_series(1, 10) i; "
        "INSERT INTO orders (id, customer_id) SELECT gen_random_uuid(), id FROM customer; "
        "INSERT INTO order_item (id, order_id, product, quantity, unit_price) "
        "SELECT gen_random_uuid(), id, 'a', 2, 1.50 FROM orders"
    )
    integrity = check(pipe)
    assert integrity.findings == ()
    (items,) = (each for each in integrity.tables if each.table == "public.order_item")
    assert (items.rows, items.documents) == (10, 10)
    assert items.not_compared == (NotCompared("line_total", "numeric(12,2)", Why.GENERATED),)


def test_xml(pipe: External) -> None:
    (xml, arrays) = XML_TYPES
    for row in (*xml.named_values(), ("none", None)):
        pipe.execute("INSERT INTO papers (id, c_xml) VALUES (%s, %s::text::xml)", row)
    pipe.execute(f"INSERT INTO papers (id, c_xml) SELECT 'large', {xml.large}")
    pipe.execute("UPDATE papers SET touched = 1")
    assert check(pipe).findings == ()
    documents = pipe.local.client[pipe.local.endpoints.mongodb_database]["papers"]
    for name, _ in xml.named_values():
        documents.update_one({"_id": name}, {"$set": {"c_xml": "<other/>"}})
    (finding,) = check(pipe).findings
    assert (finding.kind, finding.count) == (FindingKind.CONTENT, len(xml.values))
    pipe.execute("UPDATE papers SET touched = 2")
    # Debezium does not publish arrays of xml.
    assert arrays.absent
    pipe.execute("INSERT INTO papers (id, c_xml_array) VALUES ('array', '{<a/>}')")
    (finding,) = check(pipe).findings
    assert (finding.kind, finding.count) == (FindingKind.COLUMN_ABSENT, 1)
    pipe.execute("DELETE FROM papers")
    assert check(pipe).findings == ()


def test_an_unchanged_toasted_array_under_either_replica_identity(pipe: External) -> None:
    pipe.execute(
        "INSERT INTO sensor SELECT 1, 'a', array_agg(i / 7.0) FROM generate_series(1, 5000) i"
    )
    pipe.execute("UPDATE sensor SET status = 'b'")
    assert check(pipe).findings == ()
    # Its owner may not want the statement: it is a warning there, and the loss is found.
    pipe.execute("ALTER TABLE sensor REPLICA IDENTITY DEFAULT")
    up = pipe("up", "--yes")
    assert up.exit_code == ExitCode.PASS, up.output
    assert "ALTER TABLE public.sensor REPLICA IDENTITY FULL" in up.output
    pipe.execute("UPDATE sensor SET status = 'c'")
    (finding,) = check(pipe).findings
    assert (finding.kind, finding.table, finding.count) == (FindingKind.CONTENT, "public.sensor", 1)
    assert pipe("integrity", "--yes").exit_code == ExitCode.FAIL
    pipe.execute("ALTER TABLE sensor REPLICA IDENTITY FULL")
    pipe.execute("UPDATE sensor SET status = 'd'")
    assert check(pipe).findings == ()


def judged(pipe: External, duration: str, scenarios: tuple[str, ...]) -> Path:
    """Run scenarios on it, and return the run's folder."""
    names, known = ",".join(scenarios), pipe.inv.runs()
    running = pipe.inv.start(
        *("perf", "--stack", "external", "--yes"),
        *("--scenarios", names, "--duration", duration),
        env=pipe.environment,
    )
    completed = running.wait()
    (name,) = pipe.inv.runs() - known or ("",)
    assert name, completed.last_lines
    return pipe.inv.checkout.results / name


def test_a_scenario(pipe: External) -> None:
    run = judged(pipe, "20s", ("baseline",))
    integrity = read(run / "baseline" / "integrity.json")
    assert integrity["findings"] == []
    assert integrity["acknowledged"]["c"] > 0


@pytest.mark.long
def test_every_closed_model(pipe: External) -> None:
    """Half an hour of load; nothing is lost, and only the soak's memory cannot be read there."""
    run = judged(pipe, "6m", CLOSED)
    verdicts = {name: read(run / name / "verdict.json") for name in CLOSED}
    shown = json.dumps({name: each["verdict"] for name, each in verdicts.items()})
    for name, verdict in verdicts.items():
        integrity = read(run / name / "integrity.json")
        assert integrity["findings"] == [], name
        unmeasured = [x["metric"] for x in verdict["thresholds"] if x["ok"] is None]
        if name == "soak":
            assert unmeasured
            assert all(metric.startswith("memory_") for metric in unmeasured), unmeasured
        else:
            assert unmeasured == [], (name, shown)
