"""From a database to a verdict: the folder that `inv init` writes, used without an edit."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.init.proposal import EmbeddedPostgres
from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.local.embedded import local_stack
from cdc_perf.tools.cache import Cache
from tests.integration.conftest import ROOT
from tests.integration.init.servers import source_server
from tests.integration.inv import Inv, read
from tests.integration.postgres_15 import addresses

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
LOAD = ("--scenarios", "baseline", "--vus", "3", "--duration", "20s")
# A short run on a busy machine: what counts is that each change arrives.
THRESHOLDS = {
    "baseline": {
        "cdc_success_rate": {"rate": 0.5},
        "cdc_e2e_latency": None,
        "pg_write_duration": None,
        "mongo_read_duration": None,
    }
}


@dataclass(frozen=True)
class Found:
    """A folder that `inv init` has written, and a stack that was started from it.

    Attributes:
        inv: The command with that folder.
        addresses: The environment variables that name the stack's servers.
    """

    inv: Inv
    addresses: Mapping[str, str]


def folder_from(dsn: str, folder: Path) -> Inv:
    inv = Inv(Checkout.at(ROOT, {PIPELINE: str(folder)}))
    completed = inv("init", env={"CDC_POSTGRES_DSN": dsn})
    assert completed.exit_code == ExitCode.PASS, completed.output
    (folder / "thresholds.json").write_text(json.dumps(THRESHOLDS), encoding="utf-8")
    return inv


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    folder, cache = tmp_path_factory.mktemp("verdict"), Cache.of_environment()
    embedded = EmbeddedPostgres.install(Checkout.at(ROOT, {}), cache)
    with source_server(folder / "source", embedded.folder) as server:
        inv = folder_from(server.create("shop", "shop"), folder / "shop")
    try:
        completed = inv("up")
        assert completed.exit_code == ExitCode.PASS, completed.output
        endpoints = local_stack(inv.checkout, load_pipeline(inv.checkout), cache).endpoints()
        assert endpoints is not None
        yield Found(inv, addresses(endpoints, endpoints.postgres_dsn))
    finally:
        inv("down")


def test_on_the_embedded_stack(found: Found) -> None:
    completed = found.inv.measured(*LOAD, "--keep")
    assert completed.exit_code == ExitCode.PASS, completed.output
    integrity = read(found.inv.run_of(completed) / "baseline" / "integrity.json")
    assert integrity["findings"] == []
    rows = {table["table"]: table["rows"] for table in integrity["tables"]}
    assert set(rows) >= {"shop.products", "shop.orders", "shop.audit_log"}
    assert all(rows[table] > 0 for table in rows if table.startswith("shop."))


def test_on_an_external_pipeline(found: Found, tmp_path: Path) -> None:
    """Others run it: a second folder comes from its database, and has addresses alone."""
    inv = folder_from(found.addresses["CDC_POSTGRES_DSN"], tmp_path / "external")
    pipeline = load_pipeline(inv.checkout)
    assert pipeline.tables == load_pipeline(found.inv.checkout).tables
    assert "Not found" not in inv.checkout.pipeline_file.read_text(encoding="utf-8")
    completed = inv.measured(*LOAD, "--stack", "external", "--yes", env=found.addresses)
    assert completed.exit_code == ExitCode.PASS, completed.output
    integrity = read(inv.run_of(completed) / "baseline" / "integrity.json")
    assert (integrity["scope"], integrity["findings"]) == ("run", [])
