"""Read pipeline.toml, and check what the types cannot check."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.connector_rules import FILLED_IN, connector_faults
from cdc_perf.settings.files import read_toml, typed
from cdc_perf.settings.names import nearest
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.table_name import TableName

# https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
_MOST_NAMESPACE_BYTES = 255
_MOST_DATABASE_BYTES = 63
_NOT_IN_DATABASES = frozenset('/\\. "$*<>:|?\0')
_OWN_DATABASES = ("admin", "config", "local")


def load_pipeline(checkout: Checkout) -> Pipeline:
    """Return the pipeline in pipeline.toml.

    Raises:
        UsageFailure: The file is missing or wrong: `pipeline.toml: tables[2].key: is missing`.
    """
    path = checkout.pipeline_file
    content = read_toml(path)
    for place, fault in _untyped_faults(content):
        raise UsageFailure(f"{path.name}: {place}: {fault}")
    pipeline = typed(content, Pipeline, file=path.name)
    for place, fault in _name_faults(pipeline):
        raise UsageFailure(f"{path.name}: {place}: {fault}")
    pipeline = _in_one_spelling(pipeline)
    checks = (
        *(_table_faults, _topic_faults, _collection_faults, _canary_faults),
        *(_connector_faults, _local_faults),
    )
    faults = [fault for check in checks for fault in check(pipeline)]
    for place, fault in (*faults, *_missing_files(pipeline, checkout.pipeline)):
        raise UsageFailure(f"{path.name}: {place}: {fault}")
    return pipeline


def _untyped_faults(content: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the faults that the types would report without the key."""
    connector = content.get("connector")
    config = connector.get("config") if isinstance(connector, dict) else None
    for name, value in config.items() if isinstance(config, dict) else ():
        if not isinstance(value, str):
            yield (
                f"connector.config.{name}",
                f'Kafka Connect accepts text only: quote {value}; quote a name with dots ("a.b")',
            )


def _name_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    names = [(f"tables[{index}].table", table.table) for index, table in enumerate(pipeline.tables)]
    for place, text in (*names, ("canary.table", pipeline.canary.table)):
        try:
            TableName.parse(text)
        except ValueError as fault:
            yield place, str(fault)


def _in_one_spelling(pipeline: Pipeline) -> Pipeline:
    """Normalize the spelling of each table's name, so that names can be compared."""
    replace = msgspec.structs.replace
    tables = tuple(replace(table, table=str(table.name)) for table in pipeline.tables)
    canary = replace(pipeline.canary, table=str(TableName.parse(pipeline.canary.table)))
    return replace(pipeline, tables=tables, canary=canary)


def _table_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    names = [table.table for table in pipeline.tables]
    collections = [table.collection for table in pipeline.tables]
    for index, table in enumerate(pipeline.tables):
        if names.index(table.table) < index:
            yield f"tables[{index}].table", f"{table.table} is listed twice"
        if collections.index(table.collection) < index:
            first = names[collections.index(table.collection)]
            yield (
                f"tables[{index}].collection",
                f"{table.collection} is already the collection of {first}",
            )
        if len(set(table.key)) < len(table.key):
            yield f"tables[{index}].key", "lists a column twice"
        if pipeline.topic(table) == pipeline.kafka.dead_letter_topic:
            yield "kafka.dead_letter_topic", f"is also the topic of {table.table}"


def _topic_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Yield topics whose names collide: in Kafka's metrics `.` and `_` are the same.

    https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/internals/Topic.java
    """
    taken = {pipeline.kafka.dead_letter_topic.replace(".", "_"): "the dead-letter topic"}
    for index, table in enumerate(pipeline.tables):
        topic = pipeline.topic(table)
        first = taken.setdefault(topic.replace(".", "_"), table.table)
        if first != table.table:
            yield f"tables[{index}].table", f"its topic {topic} collides with the topic of {first}"


def _collection_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Yield names that no MongoDB accepts; `up` checks what else the server rejects."""
    database = pipeline.mongodb.database
    if bad := _NOT_IN_DATABASES.intersection(database):
        yield "mongodb.database", f"MongoDB allows no {min(bad)!r} in a database name"
    if len(database.encode()) > _MOST_DATABASE_BYTES:
        yield "mongodb.database", f"is longer than {_MOST_DATABASE_BYTES} bytes, MongoDB's maximum"
    if database in _OWN_DATABASES:
        yield "mongodb.database", f"{database} is reserved by MongoDB"
    for index, table in enumerate(pipeline.tables):
        fault = _collection_fault(database, table.collection)
        if fault:
            yield f"tables[{index}].collection", f"{table.collection!r} {fault}"


def _collection_fault(database: str, name: str) -> str:
    if name.startswith("system.") or ".system." in name:
        return "contains system., which MongoDB reserves for its own collections"
    if "$" in name or "\0" in name:
        return "contains $ or NUL, which MongoDB does not allow in a collection name"
    if name.startswith(".") or name.endswith(".") or ".." in name:
        return "has a leading or trailing dot, or two dots in a row"
    if len(f"{database}.{name}".encode()) > _MOST_NAMESPACE_BYTES:
        most = _MOST_NAMESPACE_BYTES
        return f"is longer, with the database name, than {most} bytes, MongoDB's maximum"
    return ""


def _canary_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    canary, names = pipeline.canary.table, [table.table for table in pipeline.tables]
    if canary not in names:
        yield "canary.table", f"{canary} is not in [[tables]]; {nearest(canary, names)}"
        return
    key = pipeline.canary_table.key
    if len(key) > 1:
        yield (
            "canary.table",
            f"{canary} has a key of {len(key)} columns; use a table with a uuid key",
        )
    for column in key:
        if column in pipeline.canary.values:
            yield (
                f"canary.values.{column}",
                "is the key, which is generated for each canary row; remove it",
            )


def _connector_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    for name in pipeline.connector.config:
        if name in FILLED_IN:
            yield f"connector.config.{name}", "is set from the other sections; remove it"
    for name, fault in connector_faults(pipeline.connector.config):
        yield f"connector.config.{name}", fault


def _local_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    ports = msgspec.structs.asdict(pipeline.stacks.local.ports)
    uses = Counter(port for port in ports.values() if port is not None)
    for name, port in ports.items():
        if uses[port] > 1:
            yield f"stacks.local.ports.{name}", f"{port} is also the port of another component"


def _missing_files(pipeline: Pipeline, folder: Path) -> Iterator[tuple[str, str]]:
    schema = folder / pipeline.postgres.schema
    if not schema.is_file():
        yield "postgres.schema", f"{schema} does not exist"
    if pipeline.stacks.local.mongod is not None:
        mongod = folder / pipeline.stacks.local.mongod
        if not (mongod.is_file() and os.access(mongod, os.X_OK)):
            yield "stacks.local.mongod", f"{mongod} is not an executable file"
