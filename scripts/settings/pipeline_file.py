"""Reading pipeline.toml, and what no type can check about it."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from scripts.errors import UsageFailure
from scripts.settings.files import read_toml, typed
from scripts.settings.names import nearest
from scripts.settings.paths import Checkout
from scripts.settings.pipeline import Pipeline

# One source each: these come from the other sections and from the stack's endpoints.
_FILLED_IN = (
    "database.dbname",
    "database.hostname",
    "database.port",
    "database.user",
    "publication.name",
    "slot.name",
    "table.include.list",
    "topic.prefix",
)


def load_pipeline(checkout: Checkout) -> Pipeline:
    """Return the pipeline of pipeline.toml.

    Raises:
        UsageFailure: The file is missing or wrong: `pipeline.toml: tables[2].key: is missing`.
    """
    path = checkout.pipeline_file
    content = read_toml(path)
    for place, fault in _untyped_faults(content):
        raise UsageFailure(f"{path.name}: {place}: {fault}")
    pipeline = typed(content, Pipeline, file=path.name)
    checks = (_table_faults, _canary_faults, _connector_faults, _local_faults)
    faults = [fault for check in checks for fault in check(pipeline)]
    for place, fault in (*faults, *_missing_files(pipeline, checkout.root)):
        raise UsageFailure(f"{path.name}: {place}: {fault}")
    return pipeline


def _untyped_faults(content: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Find what the types would refuse without naming the key."""
    connector = content.get("connector")
    config = connector.get("config") if isinstance(connector, dict) else None
    for name, value in config.items() if isinstance(config, dict) else ():
        if not isinstance(value, str):
            yield (
                f"connector.config.{name}",
                f'Connect takes text only: put {value} in quotes, and a name with dots too ("a.b")',
            )


def _table_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    names = [table.table for table in pipeline.tables]
    collections = [table.collection for table in pipeline.tables]
    for index, table in enumerate(pipeline.tables):
        if names.index(table.table) < index:
            yield f"tables[{index}].table", f"{table.table} is listed twice"
        if collections.index(table.collection) < index:
            first = names[collections.index(table.collection)]
            yield f"tables[{index}].collection", f"{table.collection} already takes {first}"
        if len(set(table.key)) < len(table.key):
            yield f"tables[{index}].key", "names a column twice"
        if pipeline.topic(table) == pipeline.kafka.dead_letter_topic:
            yield "kafka.dead_letter_topic", f"is the topic of {table.table} as well"


def _canary_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    canary, names = pipeline.canary.table, [table.table for table in pipeline.tables]
    if canary not in names:
        yield "canary.table", f"{canary} is not among the tables; {nearest(canary, names)}"
        return
    key = pipeline.canary_table.key
    if len(key) > 1:
        yield "canary.table", f"{canary} has a key of {len(key)} columns; take one with one, a uuid"
    for column in key:
        if column in pipeline.canary.values:
            yield f"canary.values.{column}", "is the key, which is chosen anew for each canary"


def _connector_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    for name in pipeline.connector.config:
        if name in _FILLED_IN:
            yield f"connector.config.{name}", "is filled in from the other sections; remove it"


def _local_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    ports = msgspec.structs.asdict(pipeline.stacks.local.ports)
    uses = Counter(port for port in ports.values() if port is not None)
    for name, port in ports.items():
        if uses[port] > 1:
            yield f"stacks.local.ports.{name}", f"{port} is given to another component too"


def _missing_files(pipeline: Pipeline, root: Path) -> Iterator[tuple[str, str]]:
    schema = root / pipeline.postgres.schema
    if not schema.is_file():
        yield "postgres.schema", f"there is no file {schema}"
    if pipeline.stacks.local.mongod is not None:
        mongod = root / pipeline.stacks.local.mongod
        if not (mongod.is_file() and os.access(mongod, os.X_OK)):
            yield "stacks.local.mongod", f"{mongod} is not a program that can be run"
