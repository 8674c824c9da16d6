"""An embedded PostgreSQL for a moment, to create a schema in it before a file is written.

Only PostgreSQL itself knows which objects of another server it accepts: extensions, roles, and
languages may be missing, and the pipeline's role is not a superuser.
"""

import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock
import psycopg
from psycopg.conninfo import make_conninfo

from cdc_perf import process, process_tags
from cdc_perf.files import is_own_folder
from cdc_perf.ports import free_port
from cdc_perf.settings.pipeline import Postgres
from cdc_perf.stack.local import postgres
from cdc_perf.stack.local.layout import Layout, postgres_user
from cdc_perf.stack.local.passwords import Passwords
from cdc_perf.waiting import wait_until

_PREFIX = "cdc-perf-init-"
_LOCK = "lock"
_LOG = "postgres.log"
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_NEW_SECONDS = 60.0


@contextmanager
def scratch_database(
    installed: Path, settings: Postgres
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Start PostgreSQL as the embedded stack does, and connect as the pipeline's role.

    It is stopped and removed after the block.

    Args:
        installed: The folder of the tool.
        settings: The names of the database and of the role.

    Raises:
        StackFailure: PostgreSQL does not start.
    """
    _remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with filelock.FileLock(folder / _LOCK):
        try:
            with (
                _server(folder, installed, settings) as dsn,
                psycopg.connect(dsn, autocommit=True) as connection,
            ):
                yield connection
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path, installed: Path, settings: Postgres) -> Iterator[str]:
    layout, passwords, port = Layout(folder), Passwords(), free_port()
    layout.make()
    postgres.create_cluster(layout, installed, settings, passwords.admin)
    program = postgres.program(layout, installed, port)
    user = postgres_user()
    running = process.start(
        program.argv,
        cwd=layout.postgres_home,
        env=process_tags.tag(folder),
        output=layout.logs / _LOG,
        uid=user.pw_uid if user is not None else None,
    )
    try:
        wait_until(
            lambda: postgres.create_account(settings, (settings.database,), port, passwords),
            what="PostgreSQL",
            deadline_seconds=_START_SECONDS,
        )
        yield make_conninfo(
            host="127.0.0.1",
            port=port,
            user=settings.user,
            password=passwords.pipeline,
            dbname=settings.database,
        )
    finally:
        # At once: its data is removed.
        running.signal(signal.SIGQUIT)
        if not running.ended_within(_STOP_SECONDS):
            running.kill_group()


def _remove_leftovers() -> None:
    """End and remove what a killed command left."""
    folders = Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
    for folder in filter(is_own_folder, folders):
        # The lock is taken while another `inv init` uses the folder; it may remove it at any time.
        with suppress(filelock.Timeout, OSError):
            if time.time() - folder.stat().st_mtime < _NEW_SECONDS:
                # Another `inv init` may be about to lock it.
                continue
            with filelock.FileLock(folder / _LOCK, timeout=0):
                process_tags.end_tagged_processes(folder)
                shutil.rmtree(folder, ignore_errors=True)
