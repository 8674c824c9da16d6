"""What another user of this machine can do to the embedded stack."""

import os
import pwd
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from scripts import process
from scripts.settings.paths import Checkout
from scripts.settings.pipeline import Pipeline
from scripts.stack import source
from scripts.stack.connect_api import ConnectApi
from scripts.stack.endpoints import Endpoints
from scripts.stack.local import postgres
from scripts.stack.local.backend import LocalStack
from scripts.stack.local.layout import Layout, postgres_user

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
    assert len(admin) > 20
    assert len(pipeline) > 20
    return admin, pipeline


@pytest.mark.parametrize("given", ["", "wrong"])
@pytest.mark.parametrize("admin", [False, True])
def test_postgresql_takes_nobody_without_a_password(
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
