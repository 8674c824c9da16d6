"""Read pipeline.toml, and check what the types cannot check."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.connector_rules import FILLED_IN, Readers, connector_faults
from cdc_perf.settings.files import read_toml, typed
from cdc_perf.settings.kafka_client import is_secret, refusal
from cdc_perf.settings.names import nearest
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import KafkaSink, MongodbSink, Pipeline, PostgresSink, Table
from cdc_perf.settings.table_name import TableName

# https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
_MOST_NAMESPACE_BYTES = 255
_MOST_DATABASE_BYTES = 63
_NOT_IN_DATABASES = frozenset('/\\. "$*<>:|?\0')
# Set from the other sections and the stack's endpoints.
SINK_FILLED_IN = ("name", "topics", "topics.regex")
_OWN_DATABASES = ("admin", "config", "local")


def load_pipeline(checkout: Checkout) -> Pipeline:
    """Return the pipeline in pipeline.toml.

    Raises:
        UsageFailure: The file is missing or wrong: `pipeline.toml: tables[2].key: is missing`.
    """
    path = checkout.pipeline_file
    if not path.exists():
        raise UsageFailure(
            f"{path}: there is no such file",
            hint=f"{COMMAND} init --from DSN writes one; --pipeline names its folder",
        )
    content = read_toml(path)
    for place, fault in _untyped_faults(content):
        raise UsageFailure(f"{path.name}: {place}: {fault}")
    pipeline = typed(content, Pipeline, file=path.name)
    for place, fault in _name_faults(pipeline):
        raise UsageFailure(f"{path.name}: {place}: {fault}")
    pipeline = _in_one_spelling(pipeline)
    checks = (
        *(_table_faults, _topic_faults, _client_faults, _sink_faults, _canary_faults),
        *(_connector_faults, _consumer_faults, _connect_faults, _local_faults),
    )
    faults = [fault for check in checks for fault in check(pipeline)]
    for place, fault in (*faults, *_missing_files(pipeline, checkout.pipeline)):
        raise UsageFailure(f"{path.name}: {place}: {fault}")
    return pipeline


def _untyped_faults(content: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the faults that the types would report without the key, or without the remedy."""
    if "mongodb" in content:
        yield "mongodb", 'is [sink] with type = "mongodb" now, and a table\'s collection its target'
    for section in ("connector", "sink_connector"):
        connector = content.get(section)
        config = connector.get("config") if isinstance(connector, dict) else None
        for name, value in config.items() if isinstance(config, dict) else ():
            if not isinstance(value, str):
                yield (
                    f"{section}.config.{name}",
                    f"Kafka Connect accepts text: quote {value}; quote a dotted name ('a.b')",
                )
    kafka = content.get("kafka")
    client = kafka.get("client_properties") if isinstance(kafka, dict) else None
    for name, value in client.items() if isinstance(client, dict) else ():
        if not isinstance(value, str):
            yield (
                f"kafka.client_properties.{name}",
                "is not text: quote the value, and a dotted name ('a.b')",
            )


def _name_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    names = [(f"tables[{index}].table", table.table) for index, table in enumerate(pipeline.tables)]
    canary = [("canary.table", pipeline.canary.table)] if pipeline.canary is not None else []
    for place, text in (*names, *canary):
        try:
            TableName.parse(text)
        except ValueError as fault:
            yield place, str(fault)


def _in_one_spelling(pipeline: Pipeline) -> Pipeline:
    """Normalize the spelling of each table's name, so that names can be compared."""
    replace = msgspec.structs.replace
    typed_sink = isinstance(pipeline.sink, PostgresSink)
    tables = tuple(
        replace(
            table,
            table=str(table.name),
            target=_one_spelling(table.target) if typed_sink else table.target,
        )
        for table in pipeline.tables
    )
    canary = pipeline.canary
    if canary is not None:
        canary = replace(canary, table=str(TableName.parse(canary.table)))
    return replace(pipeline, tables=tables, canary=canary)


def _one_spelling(target: str) -> str:
    """Return the spelling that SQL needs; a name that is wrong is reported later."""
    with suppress(ValueError):
        return str(TableName.parse(target))
    return target


def _table_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    names = [table.table for table in pipeline.tables]
    targets = [table.target for table in pipeline.tables]
    for index, table in enumerate(pipeline.tables):
        if names.index(table.table) < index:
            yield f"tables[{index}].table", f"{table.table} is listed twice"
        if table.target and targets.index(table.target) < index:
            first = names[targets.index(table.target)]
            yield f"tables[{index}].target", f"{table.target} is already the target of {first}"
        if len(set(table.key)) < len(table.key):
            yield f"tables[{index}].key", "lists a column twice"
        for name, count in Counter(table.columns.values()).items():
            if count > 1:
                yield f"tables[{index}].columns", f"two columns have the name {name} in the sink"
        for column in table.not_compared:
            if column in table.key:
                yield f"tables[{index}].not_compared", f"{column} is a key column"
        if pipeline.topic(table) == pipeline.kafka.dead_letter_topic:
            yield "kafka.dead_letter_topic", f"is also the topic of {table.table}"


def _topic_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    """Yield topics whose names collide: in Kafka's metrics `.` and `_` are the same.

    https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/internals/Topic.java
    """
    dead_letters = pipeline.kafka.dead_letter_topic
    taken = {dead_letters.replace(".", "_"): "the dead-letter topic"} if dead_letters else {}
    for index, table in enumerate(pipeline.tables):
        topic = pipeline.topic(table)
        first = taken.setdefault(topic.replace(".", "_"), table.table)
        if first != table.table:
            yield f"tables[{index}].table", f"its topic {topic} collides with the topic of {first}"


def _client_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    for name in pipeline.kafka.client_properties:
        if is_secret(name):
            yield (
                f"kafka.client_properties.{name}",
                "is a secret: move it into the file that CDC_KAFKA_CLIENT_FILE names",
            )
        elif why := refusal(name):
            yield f"kafka.client_properties.{name}", why


def _sink_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    match pipeline.sink:
        case MongodbSink():
            yield from _mongodb_faults(pipeline.sink.database, pipeline.tables)
        case PostgresSink():
            for index, table in enumerate(pipeline.tables):
                try:
                    TableName.parse(table.target)
                except ValueError as fault:
                    yield f"tables[{index}].target", str(fault)
        case KafkaSink():
            for index, table in enumerate(pipeline.tables):
                if table.target:
                    yield f"tables[{index}].target", "the sink is Kafka, so it is the topic; remove"
                if table.columns:
                    yield f"tables[{index}].columns", "the sink is Kafka: fields have their names"


def _mongodb_faults(database: str, tables: tuple[Table, ...]) -> Iterator[tuple[str, str]]:
    """Yield names that no MongoDB accepts; `up` checks what else the server rejects."""
    if bad := _NOT_IN_DATABASES.intersection(database):
        yield "sink.database", f"MongoDB allows no {min(bad)!r} in a database name"
    if len(database.encode()) > _MOST_DATABASE_BYTES:
        yield "sink.database", f"is longer than {_MOST_DATABASE_BYTES} bytes, MongoDB's maximum"
    if database in _OWN_DATABASES:
        yield "sink.database", f"{database} is reserved by MongoDB"
    for index, table in enumerate(tables):
        fault = _collection_fault(database, table.target)
        if fault:
            yield f"tables[{index}].target", f"{table.target!r} {fault}"


def _collection_fault(database: str, name: str) -> str:
    if not name:
        return "is not the name of a collection"
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
    names = [table.table for table in pipeline.tables]
    if pipeline.canary is None:
        own = pipeline.canary_table
        for index, table in enumerate(pipeline.tables):
            if table.table == own.table:
                yield f"tables[{index}].table", "is the table of the canary; remove it"
            elif own.target and table.target == own.target:
                yield f"tables[{index}].target", f"{own.target} is the target of the canary"
        return
    canary = pipeline.canary.table
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
    for name, fault in connector_faults(pipeline.connector.config, Readers.of(pipeline)):
        yield f"connector.config.{name}", fault


def _consumer_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    if pipeline.consumer is None:
        return
    if pipeline.mongodb is None:
        yield (
            "consumer",
            'cdc-consumer writes to MongoDB: remove it, or set sink.type = "mongodb"',
        )
    if pipeline.sink_connector is not None:
        yield "sink_connector", "cdc-consumer writes to the sink: remove one of the two"
    for name in ("consumer_group", "dead_letter_topic"):
        if not getattr(pipeline.kafka, name):
            yield f"kafka.{name}", "is missing; cdc-consumer needs it"


def _connect_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    names = [plugin.name for plugin in pipeline.connect.plugins]
    for index, name in enumerate(names):
        if names.index(name) < index:
            yield f"connect.plugins[{index}].name", f"{name} is listed twice"
    if pipeline.sink_connector is None:
        return
    if isinstance(pipeline.sink, KafkaSink):
        yield "sink_connector", 'nothing reads the topics if sink.type = "kafka"; remove it'
    if pipeline.sink_connector.name == pipeline.connector.name:
        yield "sink_connector.name", "is also the name of the source's connector"
    for name in SINK_FILLED_IN:
        if name in pipeline.sink_connector.config:
            yield f"sink_connector.config.{name}", "is set from the other sections; remove it"
    if "connector.class" not in pipeline.sink_connector.config:
        yield "sink_connector.config.connector.class", "is missing"


def _local_faults(pipeline: Pipeline) -> Iterator[tuple[str, str]]:
    ports = msgspec.structs.asdict(pipeline.stacks.local.ports)
    uses = Counter(port for port in ports.values() if port is not None)
    for name, port in ports.items():
        if uses[port] > 1:
            yield f"stacks.local.ports.{name}", f"{port} is also the port of another component"


def _missing_files(pipeline: Pipeline, folder: Path) -> Iterator[tuple[str, str]]:
    files = {"postgres.schema": pipeline.postgres.schema}
    if isinstance(pipeline.sink, PostgresSink):
        files["sink.schema"] = pipeline.sink.schema
    if pipeline.workload:
        files["workload"] = pipeline.workload
    for index, plugin in enumerate(pipeline.connect.plugins):
        files[f"connect.plugins[{index}].jars"] = plugin.jars
    for place, name in files.items():
        if not (folder / name).is_file():
            yield place, f"{folder / name} does not exist"
    if pipeline.stacks.local.mongod is not None:
        mongod = folder / pipeline.stacks.local.mongod
        if not (mongod.is_file() and os.access(mongod, os.X_OK)):
            yield "stacks.local.mongod", f"{mongod} is not an executable file"
