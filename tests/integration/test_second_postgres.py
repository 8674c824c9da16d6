"""An external pipeline from one PostgreSQL server to another: the sink is PostgreSQL 15."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.settings.pipeline import PostgresSink
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import source
from cdc_perf.stack.sink_connector import SinkAddress, deploy_sink
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.inv import Inv, read
from tests.integration.postgres_15 import PROGRAMS, postgres
from tests.pipelines.conftest import site_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not PROGRAMS.is_dir(), reason="needs PostgreSQL 15 (Debian's postgresql-15)"
    ),
]
LOAD = ("perf", "--scenarios", "baseline", "--duration", "20s", "--stack", "external", "--yes")


@dataclass(frozen=True)
class Copied:
    """The pipeline, and a folder that has addresses alone.

    Attributes:
        inv: The command in that folder.
        addresses: The environment variables with the addresses.
        sink: The address of the sink.
    """

    inv: Inv
    addresses: Mapping[str, str]
    sink: str

    def perf(self) -> process.Completed:
        return self.inv.measured(*LOAD[1:], env=self.addresses)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copied]:
    folder = tmp_path_factory.mktemp("second-server")
    name = "postgres-to-postgres"
    with postgres(folder / "postgres") as server, site_of(folder / "local", name) as site:
        checkout = site.inv.checkout
        # Beside the sample, because its pipeline.toml names the sample's workload.
        external = checkout.pipeline.parent / "external"
        left_out = shutil.ignore_patterns("results", ".stack")
        shutil.copytree(checkout.pipeline, external, ignore=left_out)
        pipeline = load_pipeline(checkout)
        assert isinstance(pipeline.sink, PostgresSink)
        source.create_database(server, pipeline.sink.database)
        sink = make_conninfo(server, dbname=pipeline.sink.database)
        with psycopg.connect(sink, autocommit=True) as connection:
            connection.execute((external / pipeline.sink.schema).read_bytes())
        deploy_sink(pipeline, site.endpoints, SinkAddress(sink))
        inv = Inv(Checkout.at(checkout.root, {PIPELINE: str(external)}))
        addresses = {
            "CDC_POSTGRES_DSN": site.endpoints.postgres_dsn,
            "CDC_KAFKA_BOOTSTRAP": site.endpoints.kafka_bootstrap,
            "CDC_CONNECT_URL": site.endpoints.connect_url,
            "CDC_SINK_DSN": sink,
        }
        yield Copied(inv, addresses, sink)


def test_a_run_passes(copied: Copied) -> None:
    completed = copied.perf()
    assert completed.exit_code == ExitCode.PASS, completed.output
    integrity = read(copied.inv.run_of(completed) / "baseline" / "integrity.json")
    customers = next(x for x in integrity["tables"] if x["table"] == "public.customer")
    assert (integrity["scope"], integrity["findings"]) == ("run", [])
    assert customers["rows"] == customers["documents"] > 100
    with psycopg.connect(copied.sink) as connection:
        assert str(connection.info.server_version).startswith("15")
        (held,) = connection.execute("SELECT count(*) FROM customer").fetchone() or (0,)
    assert held >= customers["rows"]


def test_a_row_lost_under_load_is_named(copied: Copied) -> None:
    known = copied.inv.runs()
    with psycopg.connect(copied.sink, autocommit=True) as connection:
        connection.execute("TRUNCATE customer")
        running = copied.inv.start(*LOAD, env=copied.addresses)
        run = copied.inv.wait_for_load("baseline", known)

        def removed() -> str:
            # k6 has read this row: it is not among the newest. Nor is it the health check's.
            row = connection.execute(
                "DELETE FROM customer WHERE id = (SELECT id FROM customer "
                "ORDER BY updated_at DESC OFFSET 40 LIMIT 1) RETURNING id::text"
            ).fetchone()
            if row is None:
                raise NotReady("too few rows")
            return str(row[0])

        lost = wait_until(removed, what="rows in the sink", deadline_seconds=20)
        completed = running.wait()
    output = "\n".join(completed.last_lines)
    assert completed.exit_code == ExitCode.FAIL, output
    (finding,) = read(run / "baseline" / "integrity.json")["findings"]
    assert (finding["kind"], finding["table"], finding["count"]) == (
        "missing",
        "public.customer",
        1,
    )
    assert [each["id"] for each in finding["samples"]] == [lost]
    assert lost in output
