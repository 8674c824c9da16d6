"""`inv init` on real databases: what it finds, what it writes, and that it only reads."""

import os
import pty
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import filelock
import pytest

from cdc_perf import process, process_tags
from cdc_perf.errors import ExitCode
from cdc_perf.init.proposal import EmbeddedPostgres
from cdc_perf.init.source import read_source
from cdc_perf.settings.paths import PIPELINE, Checkout
from cdc_perf.settings.pipeline import CANARY_TABLE, Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import source
from cdc_perf.stack.canary_row import CREATE
from cdc_perf.tools.cache import Cache
from tests.integration.conftest import ROOT
from tests.integration.init.servers import SCHEMAS, SourceServer, source_server
from tests.integration.postgres_15 import PROGRAMS, postgres

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SECRET = "hunter2-of-the-test"  # noqa: S105
# What a session that only reads sends. pg_dump locks tables with ACCESS SHARE.
READS = (
    *("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "SHOW", "SELECT", "WITH"),
    *("PREPARE", "EXECUTE", "DECLARE", "FETCH", "CLOSE", "DEALLOCATE", "LOCK TABLE"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SourceServer]:
    embedded = EmbeddedPostgres.install(Checkout.at(ROOT, {}), Cache.of_environment())
    with source_server(tmp_path_factory.mktemp("init"), embedded.folder) as running:
        yield running


def init(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> process.Completed:
    return process.run(
        [sys.executable, "-m", "invoke", "init", "--pipeline", folder, *words],
        cwd=ROOT,
        env={**(env or {})},
        check=False,
        timeout_seconds=60,
    )


def written(folder: Path) -> Pipeline:
    return load_pipeline(Checkout.at(ROOT, {PIPELINE: str(folder)}))


def test_a_shop(server: SourceServer, tmp_path: Path) -> None:
    dsn = server.create("shop", "shop")
    before = server.run("pg_dump", "--restrict-key=test", "shop")
    seen = len(server.statements())
    folder = tmp_path / "shop"
    found = init(folder, "--from", dsn)
    assert found.exit_code == ExitCode.PASS, found.output
    pipeline = written(folder)
    assert [(x.table, x.key, x.target) for x in pipeline.tables] == [
        ("shop.audit_log", ("id",), "shop_audit_log"),
        ("shop.orders", ("tenant_id", "order_no"), "shop_orders"),
        ("shop.products", ("sku",), "shop_products"),
    ]
    assert "not captured" not in found.output
    sent = server.statements()
    assert len(sent) > seen + 10
    assert [x for x in sent[seen:] if not x.upper().startswith(READS)] == []
    # The same check finds the statements that created the tables.
    assert [x for x in sent[:seen] if not x.upper().startswith(READS)] != []
    assert server.run("pg_dump", "--restrict-key=test", "shop") == before


def test_a_second_call_shows_what_it_would_change(server: SourceServer, tmp_path: Path) -> None:
    dsn, folder = server.create("again", "shop"), tmp_path / "again"
    init(folder, "--from", dsn)
    assert f"{folder}: nothing to change" in init(folder, "--from", dsn).output
    mine = (folder / "pipeline.toml").read_text("utf-8").replace("retry_seconds = 60.0", "# mine")
    (folder / "pipeline.toml").write_text(mine, "utf-8")
    refused = init(folder, "--from", dsn)
    assert refused.exit_code == ExitCode.USAGE
    assert "-# mine\n+retry_seconds = 60.0" in refused.output
    assert (folder / "pipeline.toml").read_text("utf-8") == mine
    assert init(folder, "--from", dsn, "--yes").exit_code == ExitCode.PASS
    assert "# mine" not in (folder / "pipeline.toml").read_text("utf-8")


def test_the_tutorial_of_debezium_without_its_geometry(
    server: SourceServer, tmp_path: Path
) -> None:
    folder = tmp_path / "inventory"
    found = init(folder, "--from", server.create("tutorial", "inventory"))
    assert found.exit_code == ExitCode.PASS, found.output
    assert {x.table for x in written(folder).tables} == {
        *("inventory.products", "inventory.products_on_hand"),
        *("inventory.customers", "inventory.orders"),
    }
    assert 'extension postgis: extension "postgis" is not available' in found.output
    assert 'table inventory.geom: type "public.geometry" does not exist' in found.output
    # A table of the extension is not the application's.
    assert "spatial_ref_sys" not in found.output
    assert "geometry" not in "".join(_statements(folder / "schema.sql"))


def test_the_tables_of_pgbench(server: SourceServer, tmp_path: Path) -> None:
    folder, dsn = tmp_path / "bench", server.create("bench")
    server.run("pgbench", "-i", "-q", "bench")
    found = init(folder, "--from", dsn)
    assert {x.table for x in written(folder).tables} == {
        *("public.pgbench_accounts", "public.pgbench_branches", "public.pgbench_tellers"),
    }
    line = next(x for x in found.output.splitlines() if "pgbench_history" in x)
    assert "not captured: no primary key" in line


def test_a_schema_with_what_is_rare(server: SourceServer, tmp_path: Path) -> None:
    folder = tmp_path / "hard"
    found = init(folder, "--from", server.create("Hard one", "hard"))
    assert found.exit_code == ExitCode.PASS, found.output
    pipeline = written(folder)
    assert pipeline.postgres.database == "Hard one"
    names = ("Bookings", "Categories", "Coupons", "Events", "Invoices", "Tenants", "Users")
    assert [x.name.name for x in pipeline.tables] == list(names)
    assert {x.name.schema for x in pipeline.tables} == {"Mixed Case"}
    assert {x.name.name: x.not_compared for x in pipeline.tables if x.not_compared} == {
        "Bookings": ("slots",)
    }
    assert "Events 2024" not in found.output


def test_inheritance_and_an_exclusion_constraint(server: SourceServer, tmp_path: Path) -> None:
    dsn, folder = server.create("rooms"), tmp_path / "rooms"
    with source.connect(dsn) as connection:
        connection.execute(
            "CREATE TABLE place (id int PRIMARY KEY, note text);"
            "CREATE TABLE room (PRIMARY KEY (id)) INHERITS (place);"
            "CREATE TABLE booking (id int PRIMARY KEY, during tsrange,"
            " EXCLUDE USING gist (during WITH &&))"
        )
    found = init(folder, "--from", dsn)
    assert found.exit_code == ExitCode.PASS, found.output
    assert [x.table for x in written(folder).tables] == ["public.booking", "public.room"]
    assert "not captured: other tables inherit from it" in found.output
    assert "public.booking: during: the constraint booking_during_excl is not of a" in found.output


def test_the_publication_and_the_slot_of_a_database_are_used(
    server: SourceServer, tmp_path: Path
) -> None:
    dsn, folder = server.create("published", "shop"), tmp_path / "published"
    with source.connect(dsn) as connection:
        connection.execute(
            "CREATE PUBLICATION ours FOR TABLE shop.products, shop.orders;"
            "CREATE PUBLICATION inserts FOR ALL TABLES WITH (publish = 'insert')"
        )
        connection.execute("SELECT pg_create_logical_replication_slot('our_slot', 'pgoutput')")
    try:
        found = init(folder, "--from", dsn)
        postgres = written(folder).postgres
        assert (postgres.publication, postgres.slot) == ("ours", "our_slot")
        assert "the publication ours does not publish it" in found.output
    finally:
        with source.connect(dsn) as connection:
            connection.execute("SELECT pg_drop_replication_slot('our_slot')")


def test_a_role_that_may_only_read_some_tables(server: SourceServer, tmp_path: Path) -> None:
    dsn, folder = server.create("partly", "shop"), tmp_path / "partly"
    with source.connect(dsn) as connection:
        connection.execute(
            "CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA shop TO reader;"
            "GRANT SELECT ON shop.products, shop.orders TO reader;"
            'CREATE SCHEMA "h""r"; CREATE TABLE "h""r".pay (id int PRIMARY KEY)'
        )
    found = init(folder, "--from", server.of("partly", user="reader"))
    assert found.exit_code == ExitCode.PASS, found.output
    assert len(written(folder).tables) == 2
    line = next(x for x in found.output.splitlines() if "shop.audit_log" in x)
    assert "the role may not read it" in line
    assert 'schema h"r: not inspected: the role may not use it' in found.output


def test_what_needs_a_role_of_the_server_is_named(server: SourceServer, tmp_path: Path) -> None:
    dsn, folder = server.create("secured", "shop"), tmp_path / "secured"
    with source.connect(dsn) as connection:
        connection.execute("CREATE ROLE app; CREATE POLICY own ON shop.orders TO app")
    found = init(folder, "--from", dsn)
    assert found.exit_code == ExitCode.PASS, found.output
    assert 'policy shop.orders own: role "app" does not exist' in found.output
    assert "CREATE POLICY" not in "".join(_statements(folder / "schema.sql"))


def test_the_canary_of_the_database_is_not_a_table_of_the_application(
    server: SourceServer, tmp_path: Path
) -> None:
    dsn, folder = server.create("with canary", "shop"), tmp_path / "canary"
    with source.connect(dsn) as connection:
        connection.execute(CREATE.encode())
    assert init(folder, "--from", dsn).exit_code == ExitCode.PASS
    for name in ("pipeline.toml", "schema.sql", "workload.toml"):
        assert CANARY_TABLE not in (folder / name).read_text("utf-8")


@pytest.mark.skipif(not PROGRAMS.is_dir(), reason="needs PostgreSQL 15 (Debian's postgresql-15)")
def test_an_older_server_and_the_database_that_every_server_has(tmp_path: Path) -> None:
    with postgres(tmp_path / "server") as dsn:
        with source.connect(dsn) as connection:
            connection.execute((SCHEMAS / "hard.sql").read_text("utf-8").encode())
        found = init(tmp_path / "older", "--from", dsn)
    assert found.exit_code == ExitCode.PASS, found.output
    assert written(tmp_path / "older").postgres.database == "postgres"
    assert len(written(tmp_path / "older").tables) == 7


def test_an_option_that_only_that_server_has_costs_no_table(
    server: SourceServer, tmp_path: Path
) -> None:
    dsn, folder = server.create("optional", "shop"), tmp_path / "optional"
    with source.connect(dsn) as connection:
        # As a server with an option of its own would have it: no statement accepts it here.
        connection.execute(
            "UPDATE pg_attribute SET attoptions = '{of_that_server=1}' "
            "WHERE attrelid = 'shop.orders'::regclass AND attnum > 0"
        )
    found = init(folder, "--from", dsn)
    assert found.exit_code == ExitCode.PASS, found.output
    reason = 'alter table shop.orders: unrecognized parameter "of_that_server"'
    assert found.output.count(reason) == 1
    assert len(written(folder).tables) == 3


def test_what_a_killed_command_left_is_removed(server: SourceServer, tmp_path: Path) -> None:
    left = Path(tempfile.mkdtemp(prefix="cdc-perf-init-"))
    sleeper = subprocess.Popen(["/bin/sleep", "300"], env={**os.environ, **process_tags.tag(left)})
    in_use = Path(tempfile.mkdtemp(prefix="cdc-perf-init-"))
    new = Path(tempfile.mkdtemp(prefix="cdc-perf-init-"))
    with filelock.FileLock(in_use / "lock"):
        for folder in (left, in_use):
            os.utime(folder, (0, 0))
        found = init(tmp_path / "f", "--from", server.create("leftovers", "shop"))
        assert found.exit_code == ExitCode.PASS, found.output
        assert sleeper.wait(10) != 0
        assert not left.exists()
        assert in_use.is_dir()
        assert new.is_dir()
    for folder in (in_use, new):
        shutil.rmtree(folder)


def test_the_session_cannot_write(server: SourceServer) -> None:
    dsn = server.create("guarded", "shop")
    assert read_source(dsn).catalog.tables
    # A name that a query calls by its search path does not run code of the database's.
    with source.connect(dsn) as connection:
        connection.execute(
            "CREATE FUNCTION public.has_table_privilege(oid, text) RETURNS boolean LANGUAGE sql "
            "AS 'DELETE FROM shop.orders RETURNING true';"
            "ALTER DATABASE guarded SET search_path = public, pg_catalog"
        )
    assert read_source(dsn).catalog.tables


@pytest.fixture(scope="module")
def role(server: SourceServer) -> str:
    """Return the address of a role that needs its password, without the password."""
    server.create("locked", "shop")
    with source.connect(server.dsn) as connection:
        connection.execute(f"CREATE ROLE locked SUPERUSER LOGIN PASSWORD '{SECRET}'")
    server.use_password("locked")
    return server.of("locked", user="locked")


class TestPassword:
    """The ways in which a password is given, and the one that is refused."""

    def test_on_the_command_line_it_is_refused(self, role: str, tmp_path: Path) -> None:
        found = init(tmp_path / "f", "--from", f"{role} password={SECRET}")
        assert found.exit_code == ExitCode.USAGE
        assert SECRET not in found.output
        assert "CDC_POSTGRES_DSN" in found.output
        assert "PGPASSFILE" in found.output

    def test_without_one_the_ways_are_named(self, role: str, tmp_path: Path) -> None:
        found = init(tmp_path / "f", "--from", role)
        assert found.exit_code == ExitCode.STACK
        assert "PGPASSWORD" in found.output

    def test_in_the_environment(self, role: str, tmp_path: Path) -> None:
        found = init(tmp_path / "f", "--from", role, env={"PGPASSWORD": SECRET})
        assert found.exit_code == ExitCode.PASS, found.output
        found = init(tmp_path / "g", env={"CDC_POSTGRES_DSN": f"{role} password={SECRET}"})
        assert found.exit_code == ExitCode.PASS, found.output
        for path in (*(tmp_path / "f").iterdir(), *(tmp_path / "g").iterdir()):
            assert SECRET not in path.read_text("utf-8")

    def test_in_a_file(self, role: str, tmp_path: Path) -> None:
        path = tmp_path / "passwords"
        path.write_text(f"*:*:*:locked:{SECRET}\n", "utf-8")
        path.chmod(0o600)
        found = init(tmp_path / "f", "--from", f"{role} passfile={path}")
        assert found.exit_code == ExitCode.PASS, found.output

    def test_at_the_prompt(self, role: str, tmp_path: Path) -> None:
        code, output = on_a_terminal(tmp_path / "f", f"{role}\n", f"{SECRET}\n")
        assert code == ExitCode.PASS, output
        assert "PostgreSQL address without a password" in output
        assert SECRET not in output


def on_a_terminal(folder: Path, *lines: str) -> tuple[int, str]:
    """Run the command on a terminal, and answer its questions; return all that it shows."""
    controller, terminal = pty.openpty()
    argv = [sys.executable, "-m", "invoke", "init", "--pipeline", str(folder)]
    environment = {k: v for k, v in os.environ.items() if k != "CDC_POSTGRES_DSN"}
    with subprocess.Popen(
        argv,
        cwd=ROOT,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as running:
        os.close(terminal)
        shown, answers = "", list(lines)
        while True:
            try:
                part = os.read(controller, 4096).decode("utf-8", "replace")
            except OSError:
                break
            if not part:
                break
            shown += part
            if answers and shown.rstrip().endswith(":"):
                os.write(controller, answers.pop(0).encode())
        os.close(controller)
        return running.wait(60), shown


def _statements(path: Path) -> list[str]:
    return [x for x in path.read_text("utf-8").splitlines() if not x.startswith("--")]


def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    found = init(tmp_path / "f", "--from", "host=127.0.0.1 port=1 user=x dbname=y")
    assert found.exit_code == ExitCode.STACK
    assert "Traceback" not in found.output
    assert not (tmp_path / "f").exists()


def test_a_database_that_is_not_there(server: SourceServer, tmp_path: Path) -> None:
    found = init(tmp_path / "f", "--from", server.of("absent"))
    assert found.exit_code == ExitCode.STACK
    assert 'database "absent" does not exist' in found.output


def test_a_database_without_tables(server: SourceServer, tmp_path: Path) -> None:
    found = init(tmp_path / "f", "--from", server.create("empty"))
    assert found.exit_code == ExitCode.USAGE, found.output
    assert "no table" in found.output
    assert not (tmp_path / "f").exists()
