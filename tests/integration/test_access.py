"""What another user of this machine can do to the embedded stack."""

import gzip
import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
import requests
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.ports import free_port
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import source
from cdc_perf.stack.connect_api import ConnectApi
from cdc_perf.stack.endpoints import CONNECT_USER, Endpoints
from cdc_perf.stack.local import postgres
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.layout import Layout, postgres_user
from tests.integration.inv import Inv

_OTHER_USER = "daemon"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@pytest.fixture(scope="module")
def layout(stack: LocalStack, checkout: Checkout) -> Layout:
    del stack
    return Layout(checkout.stack)


@pytest.fixture(scope="module")
def passwords(layout: Layout, endpoints: Endpoints) -> tuple[str, ...]:
    admin = layout.admin_password.read_text(encoding="utf-8").strip().rpartition(":")[2]
    pipeline = str(conninfo_to_dict(endpoints.postgres_dsn)["password"])
    connect = urlsplit(endpoints.connect_url).password or ""
    found = (admin, pipeline, connect)
    assert [word for word in found if len(word) < 20] == []
    return found


@pytest.mark.parametrize("given", ["", "wrong"])
@pytest.mark.parametrize("admin", [False, True])
def test_postgresql_accepts_no_login_without_a_password(
    endpoints: Endpoints, pipeline: Pipeline, given: str, *, admin: bool
) -> None:
    user = postgres.superuser(pipeline.postgres) if admin else pipeline.postgres.user
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(make_conninfo(endpoints.postgres_dsn, user=user, password=given))


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "COPY (SELECT 1) TO '/tmp/cdc-perf-copied'",
        "SELECT pg_read_file('/etc/passwd')",
        "CREATE ROLE other SUPERUSER",
        "ALTER SYSTEM SET archive_command = 'true'",
    ],
)
def test_the_pipelines_role_is_not_a_superuser(endpoints: Endpoints, statement: str) -> None:
    with (
        source.connect(endpoints.postgres_dsn) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_the_owner_can_be_superuser_by_the_file_of_the_password(
    layout: Layout, endpoints: Endpoints, pipeline: Pipeline
) -> None:
    address = conninfo_to_dict(endpoints.postgres_dsn)
    del address["password"]
    address["user"] = postgres.superuser(pipeline.postgres)
    admin = make_conninfo("", passfile=str(layout.admin_password), **address)
    with source.connect(admin) as connection:
        assert connection.execute("SHOW is_superuser").fetchone() == ("on",)


def _files(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path


def test_only_the_owner_can_read_a_file_with_a_password(
    layout: Layout, passwords: tuple[str, ...]
) -> None:
    holding = [
        path
        for path in _files(layout.root, layout.postgres_home)
        if any(word.encode() in path.read_bytes() for word in passwords)
    ]
    assert {layout.endpoints, layout.admin_password} <= set(holding)
    assert [path for path in holding if path.stat().st_mode & _OTHERS] == []
    assert layout.logs not in {path.parent for path in holding}


def test_no_password_is_on_a_command_line(stack: LocalStack, passwords: tuple[str, ...]) -> None:
    pids = [status.pid for status in stack.status() if status.pid]
    assert len(pids) >= 5
    lines = [" ".join(psutil.Process(pid).cmdline()) for pid in pids]
    assert [line for line in lines if any(word in line for word in passwords)] == []


def test_kafka_connect_shows_no_password(
    endpoints: Endpoints, pipeline: Pipeline, passwords: tuple[str, ...]
) -> None:
    config = ConnectApi(endpoints.connect_url).config(pipeline.connector.name)
    assert config
    assert [name for name, x in config.items() if any(word in x for word in passwords)] == []


@pytest.mark.parametrize("path", ["/", "/connectors", "/connector-plugins", "/admin/loggers"])
@pytest.mark.parametrize("account", [None, ("", ""), (CONNECT_USER, "wrong")])
def test_kafka_connect_answers_only_its_account(
    endpoints: Endpoints, path: str, account: tuple[str, str] | None
) -> None:
    parts = urlsplit(endpoints.connect_url)
    url = f"http://{parts.hostname}:{parts.port}{path}"
    assert requests.get(url, auth=account, timeout=10).status_code == HTTPStatus.UNAUTHORIZED
    known = requests.get(f"{endpoints.connect_url}{path}", timeout=10)
    assert known.status_code == HTTPStatus.OK


def _mentions(folder: Path, word: str) -> list[str]:
    found = []
    for path in _files(folder):
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        if word.encode() in content:
            found.append(path.name)
    return found


def test_what_a_run_leaves_and_prints_holds_no_password(
    checkout: Checkout, stack: LocalStack, passwords: tuple[str, ...]
) -> None:
    del stack
    inv = Inv(checkout)
    completed = inv("perf", "--scenarios", "health-check")
    assert completed.exit_code == ExitCode.PASS, completed.output
    run = inv.run_of(completed)
    assert _mentions(run, "health-check")
    assert [word for word in passwords if word in completed.output or _mentions(run, word)] == []


@pytest.mark.slow
def test_users_and_passwords_of_an_external_stack_are_neither_recorded_nor_printed(
    checkout: Checkout, endpoints: Endpoints
) -> None:
    inv = Inv(checkout)
    planted = "hunter2-hunter2"
    nobody = free_port()
    given = {
        "CDC_POSTGRES_DSN": endpoints.postgres_dsn,
        "CDC_KAFKA_BOOTSTRAP": endpoints.kafka_bootstrap,
        "CDC_MONGODB_URI": endpoints.mongodb_uri,
        "CDC_CONSUMER_URL": endpoints.consumer_url.replace("//", f"//someone:{planted}@"),
        "CDC_PROMETHEUS_URL": f"http://someone:{planted}@127.0.0.1:{nobody}",
    }
    words = ("perf", "--scenarios", "health-check", "--stack", "external", "--yes")
    completed = inv(*words, env=given)
    run = inv.run_of(completed)
    assert planted not in completed.output
    assert _mentions(run, planted) == []
    silent = {**given, "CDC_CONSUMER_URL": f"http://someone:{planted}@127.0.0.1:{nobody}"}
    failed = inv("up", "--stack", "external", "--yes", env=silent)
    assert failed.exit_code == ExitCode.STACK
    assert "consumer" in failed.output
    assert planted not in failed.output
    assert "someone" not in failed.output


def _as_another_user(words: Sequence[str | Path]) -> int:
    other = pwd.getpwnam(_OTHER_USER)
    become = ("setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups")
    return process.run([*become, *words], check=False).exit_code


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
def test_another_user_can_read_neither_addresses_nor_data_nor_logs(layout: Layout) -> None:
    readable = Path("/etc/passwd")
    assert _as_another_user(("cat", readable)) == 0
    private = (
        layout.endpoints,
        layout.admin_password,
        layout.supervisor_settings,
        layout.log("postgres"),
        layout.data / "kafka" / "meta.properties",
        layout.data / "mongodb" / "server.pid",
        layout.postgres_home / "data" / "PG_VERSION",
    )
    assert [path for path in private if not path.exists()] == []
    assert [path for path in private if _as_another_user(("cat", path)) == 0] == []


def test_data_of_postgresql_belong_to_its_user_alone(layout: Layout) -> None:
    user = postgres_user()
    data = (layout.postgres_home / "data").lstat()
    assert data.st_uid == (os.geteuid() if user is None else user.pw_uid)
    assert not data.st_mode & _OTHERS
