"""The folder of a pipeline from an existing database: `inv init`."""

from pathlib import Path

from invoke import Context, task

from cdc_perf.installation import COMMAND, IS_INSTALLED, ROOT
from cdc_perf.tasks.command import command

_DEFAULT = "the current folder" if IS_INSTALLED else "one with the database's name"


@task(
    help={
        "from_": "PostgreSQL address without a password (default: CDC_POSTGRES_DSN, or a question)",
        "pipeline": f"folder to write (default: CDC_PIPELINE, else {_DEFAULT})",
        "yes": "overwrite changed files without asking",
    }
)
@command
def init(_: Context, from_: str = "", pipeline: str = "", yes: bool = False) -> None:
    """Inspect a PostgreSQL database, and write pipeline.toml, workload.toml, and schema.sql."""
    import os
    import shlex
    import sys

    from cdc_perf.init.address import source_dsn
    from cdc_perf.init.findings import summary
    from cdc_perf.init.folder import FolderChanges, folder_of
    from cdc_perf.init.proposal import EmbeddedPostgres, propose
    from cdc_perf.init.source import read_source, with_password
    from cdc_perf.settings.paths import PIPELINE, Checkout
    from cdc_perf.tasks.consent import confirm
    from cdc_perf.terminal import say, show
    from cdc_perf.tools.cache import Cache

    terminal = sys.stdin.isatty()
    dsn = source_dsn(from_, os.environ, Path.cwd(), _ask if terminal else None)
    dsn = with_password(dsn, _ask_password if terminal else None)
    source = read_source(dsn)
    folder = folder_of(pipeline or os.environ.get(PIPELINE, ""), source.database)
    embedded = EmbeddedPostgres.install(Checkout.here(), Cache.of_environment())
    proposal = propose(source, dsn, embedded)
    show(summary(source, proposal))
    changes = FolderChanges.of(folder, proposal.files)
    if changes.changed:
        say(changes.diff())
        if not yes:
            confirm()
    written = changes.write()
    for path in written:
        show(f"wrote {path}")
    if written:
        option = Checkout.at(ROOT, {PIPELINE: str(folder)}).pipeline_option
        show(f"next: {COMMAND} perf{f' --pipeline {shlex.quote(str(folder))}' if option else ''}")
    else:
        show(f"{folder}: nothing to change")


def _ask(question: str) -> str:
    import sys

    from cdc_perf.terminal import say

    say(question)
    return sys.stdin.readline()


def _ask_password(question: str) -> str:
    from getpass import getpass

    return getpass(question)
