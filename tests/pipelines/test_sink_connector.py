"""A sink connector that does not run, on the real stack: each command names it and the cause."""

import json
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.stack.connect_api import ConnectApi
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.inv import Inv, read
from tests.pipelines.conftest import Site, site_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
NAME = "jdbc-sink-connector"
TASK = "sink connector task 0"
CAUSE = 'violates check constraint "rejects"'


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site_of(tmp_path_factory.mktemp("sink-connector"), "postgres-to-postgres") as found:
        yield found


@contextmanager
def rejecting(site: Site) -> Iterator[None]:
    """Let the sink reject every customer, until the block ends."""
    with psycopg.connect(site.endpoints.sink_dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE customer ADD CONSTRAINT rejects CHECK (false) NOT VALID")
    try:
        yield
    finally:
        with psycopg.connect(site.endpoints.sink_dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE customer DROP CONSTRAINT rejects")


def states(inv: Inv, *words: str, env: Mapping[str, str] | None = None) -> dict[str, str]:
    rows = json.loads(inv("status", "--json", *words, env=env).output)
    return {row["name"]: row["state"] for row in rows}


def test_a_failed_task_fails_the_run_and_is_named_by_every_command(site: Site) -> None:
    inv = site.inv
    known = inv.runs()
    running = inv.start("perf", "--scenarios", "baseline", "--duration", "20s")
    run = inv.wait_for_load("baseline", known)
    with rejecting(site):
        completed = running.wait()
        assert completed.exit_code == ExitCode.FAIL, completed.last_lines
        verdict = read(run / "baseline" / "verdict.json")
        problems = [
            reason["params"]["problem"]
            for reason in verdict["reasons"]
            if reason["code"] == "connector_failed"
        ]
        assert len(problems) == 1, verdict["reasons"]
        assert NAME in problems[0]
        assert CAUSE in problems[0]
        found = states(inv)
        assert (found["connector task 0"], found[TASK]) == ("running", "failed")
        for words in (("perf", "--scenarios", "baseline"), ("connector.restart",), ("up",)):
            completed = inv(*words)
            assert completed.exit_code == ExitCode.STACK, completed.output
            assert CAUSE in completed.output
        assert CAUSE in inv("connector.status").output
    assert inv("connector.restart").exit_code == ExitCode.PASS
    assert states(inv)[TASK] == "running"
    checked = inv("integrity")
    assert checked.exit_code == ExitCode.PASS, checked.output


@pytest.fixture
def others(site: Site) -> tuple[Inv, dict[str, str]]:
    """The same pipeline as one of others: a copy of its folder, and its addresses."""
    # Beside the sample, because its pipeline.toml names the sample's workload.
    folder = site.inv.checkout.pipeline.parent / "external"
    left_out = shutil.ignore_patterns("results", ".stack")
    shutil.copytree(site.inv.checkout.pipeline, folder, ignore=left_out, dirs_exist_ok=True)
    at = site.endpoints
    addresses = {
        "CDC_POSTGRES_DSN": at.postgres_dsn,
        "CDC_KAFKA_BOOTSTRAP": at.kafka_bootstrap,
        "CDC_CONNECT_URL": at.connect_url,
        "CDC_SINK_DSN": at.sink_dsn,
    }
    return Inv(Checkout.at(site.inv.checkout.root, {PIPELINE: str(folder)})), addresses


def test_in_the_connect_of_others_it_is_shown_and_revived(
    site: Site, others: tuple[Inv, dict[str, str]]
) -> None:
    inv, addresses = others
    api = ConnectApi(site.endpoints.connect_url)
    external = ("--stack", "external")
    with rejecting(site):
        with psycopg.connect(site.endpoints.postgres_dsn, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO customer (id, email) VALUES (%s, 'rejected@e.test')",
                (str(uuid.uuid4()),),
            )

        def failed() -> None:
            if states(inv, *external, env=addresses)[TASK] != "failed":
                raise NotReady("the task runs")

        wait_until(failed, what="the failure", deadline_seconds=60)
        for words in (("up", "--yes"), ("perf", "--scenarios", "baseline", "--yes")):
            completed = inv(*words, *external, env=addresses)
            assert completed.exit_code == ExitCode.STACK, completed.output
            assert CAUSE in completed.output
        assert CAUSE in inv("connector.status", *external, env=addresses).output
        refused = inv("connector.restart", *external, env=addresses)
        assert refused.exit_code == ExitCode.STACK, refused.output
    before = api.config(NAME)
    deployed = inv("connector.deploy", *external, "--yes", env=addresses)
    assert deployed.exit_code == ExitCode.PASS, deployed.output
    assert states(inv, *external, env=addresses)[TASK] == "running"
    assert api.config(NAME) == before


def test_in_the_connect_of_others_none_is_created(
    site: Site, others: tuple[Inv, dict[str, str]]
) -> None:
    inv, addresses = others
    api = ConnectApi(site.endpoints.connect_url)
    before = api.configs()
    file = inv.checkout.pipeline_file
    content = file.read_text(encoding="utf-8")
    for name, message in (
        (NAME, f"has no sink connector other; known: {NAME}"),
        ("postgres-cdc-connector", "but the connector postgres-cdc-connector reads the slot"),
    ):
        file.write_text(content.replace(f'name = "{name}"', 'name = "other"'), encoding="utf-8")
        completed = inv("connector.deploy", "--stack", "external", "--yes", env=addresses)
        assert completed.exit_code == ExitCode.STACK, completed.output
        assert message in completed.output
    assert api.configs() == before
