"""The rule for the settings in [connector.config].

A setting is rejected if another section sets it, or if it changes which changes are captured, their
topic, or the form of a record in a way that the reader of the records or the integrity check does
not support. Any other setting is allowed. The same rule applies to the configuration in Kafka
Connect of an external stack's connector.
https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-connector-properties
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cdc_perf.settings.pipeline import Pipeline, PostgresSink

# Set from the other sections and the stack's endpoints, so that each value has one source.
FILLED_IN = (
    "database.dbname",
    "database.hostname",
    "database.port",
    "database.user",
    "name",
    "publication.name",
    "slot.name",
    "table.include.list",
    "topic.prefix",
)
_CLASS = "io.debezium.connector.postgresql.PostgresConnector"
_JSON = "org.apache.kafka.connect.json.JsonConverter"
_UNWRAP = "io.debezium.transforms.ExtractNewRecordState"
# Transforms that change neither the key, nor the value, nor the topic of a record.
_HARMLESS_TRANSFORMS = (
    "org.apache.kafka.connect.transforms.InsertHeader",
    "org.apache.kafka.connect.transforms.DropHeaders",
)
# The metadata field for each entry of `add.fields`. The last two are needed to time the hops, and
# txId groups the events of a transaction.
_METADATA = {
    "__op": "op",
    "__source_lsn": "source.lsn",
    "__source_txId": "source.txId",
    "__source_ts_us": "source.ts_us",
    "__ts_us": "ts_us",
}
# An external connector may omit it: then changes are ordered only by their position in the topic.
_SEQUENCE = {"__source_sequence": "source.sequence"}
_PLACEHOLDER = "__debezium_unavailable_value"


@dataclass(frozen=True)
class Readers:
    """Who reads the records, and where the integrity check reads the values.

    Attributes:
        consumer: Whether cdc-consumer reads them: flattened, without schemas.
        typed: Whether the sink has typed columns, so that the form of a value in JSON does not
            matter.
    """

    consumer: bool
    typed: bool

    @classmethod
    def of(cls, pipeline: Pipeline) -> "Readers":
        """Return the readers of a pipeline."""
        return cls(
            consumer=pipeline.consumer is not None,
            typed=isinstance(pipeline.sink, PostgresSink),
        )


@dataclass(frozen=True)
class _Allowed:
    """The values that a setting may have.

    Attributes:
        values: The allowed values, in lower case.
        default: Debezium's value if the setting is missing; empty if it may be missing.
        why: What other values break.
    """

    values: tuple[str, ...]
    default: str
    why: str


_ALLOWED = {
    "plugin.name": _Allowed(("pgoutput",), "decoderbufs", "no other plug-in reads a publication"),
    "publication.autocreate.mode": _Allowed(
        ("disabled", "filtered"), "", "the publication must contain the tables of [[tables]]"
    ),
    "decimal.handling.mode": _Allowed(
        ("string",), "precise", "the integrity check compares decimals as text"
    ),
    "time.precision.mode": _Allowed(
        ("adaptive",), "", "the integrity check compares times in that form"
    ),
    "interval.handling.mode": _Allowed(
        ("numeric",), "", "the integrity check compares intervals as numbers"
    ),
    "hstore.handling.mode": _Allowed(("json",), "", "the integrity check compares hstore as JSON"),
    "money.fraction.digits": _Allowed(
        ("2",), "", "the integrity check compares money with two decimals"
    ),
    "include.unknown.datatypes": _Allowed(
        ("false",), "", "nothing can decode the bytes of a type that Debezium does not support"
    ),
    "binary.handling.mode": _Allowed(
        ("bytes", "base64"), "", "the integrity check compares bytes in base64"
    ),
    "field.name.adjustment.mode": _Allowed(
        ("none",), "", "fields must have the names of the columns"
    ),
    "unavailable.value.placeholder": _Allowed(
        (_PLACEHOLDER,), "", "cdc-consumer recognizes an omitted value by it"
    ),
    "slot.drop.on.stop": _Allowed(
        ("false",), "", "changes made while the connector is stopped would be lost"
    ),
    "skipped.operations": _Allowed(("t", "none"), "", "the skipped changes would be lost"),
    "snapshot.mode.configuration.based.start.stream": _Allowed(
        ("true",), "", "Debezium would stream no changes"
    ),
}
# The form of a value in JSON, which does not matter to a sink with typed columns.
_VALUE_FORMS = frozenset(
    (
        *("decimal.handling.mode", "time.precision.mode", "interval.handling.mode"),
        *("hstore.handling.mode", "money.fraction.digits", "binary.handling.mode"),
    )
)
_FOR_CONSUMER = {
    f"{side}.converter.schemas.enable": _Allowed(
        ("false",), "", "cdc-consumer reads records without schemas"
    )
    for side in ("key", "value")
}
# Rejected with any value.
_REJECTED = {
    r"(?:table|schema)\.exclude\.list|schema\.include\.list": "[[tables]] selects the tables",
    r"message\.key\.columns": "the key is the primary key, given in [[tables]]",
    r"topic\.(?:naming\.strategy|delimiter)|topic\.regex\..*": (
        "topics are named prefix.schema.table"
    ),
    r"converters": "the integrity check expects Debezium's own formats",
    r"database\.server\.name": "Debezium 2 renamed it; use kafka.topic_prefix",
}


def connector_faults(config: Mapping[str, str], readers: Readers) -> Iterator[tuple[str, str]]:
    """Yield each setting that breaks the rule, and what is wrong with it."""
    yield from _class_faults(config)
    rules = {
        **{
            name: rule
            for name, rule in _ALLOWED.items()
            if not (readers.typed and name in _VALUE_FORMS)
        },
        **(_FOR_CONSUMER if readers.consumer else {}),
    }
    for name, rule in rules.items():
        value = config.get(name, rule.default).strip().lower()
        if value and value not in rule.values:
            allowed = " or ".join(rule.values)
            given = "" if name in config else f" (default: {rule.default})"
            yield name, f"must be {allowed}{given}: {rule.why}"
    for name in config:
        for pattern, why in _REJECTED.items():
            if re.fullmatch(pattern, name):
                yield name, f"conflicts with the other sections: {why}; remove it"
    if config.get("snapshot.mode", "").strip().lower() == "initial_only":
        yield "snapshot.mode", "initial_only streams no changes: use no_data or initial"
    for side in ("key", "value"):
        yield from _converter_faults(config, f"{side}.converter", readers)
    yield from _transform_faults(config, readers)


def connector_warnings(config: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning for each recommended setting that the connector lacks."""
    for name in _unwrapping(config):
        place = f"transforms.{name}.add.fields"
        for source in _missing(config, f"transforms.{name}", _SEQUENCE):
            yield (
                f"warning: {place} lacks {source}: cdc-consumer orders changes by their position"
                " in the topic, and the integrity check cannot find reordered ones; remedy: add it"
            )


def added_fields(config: Mapping[str, str]) -> frozenset[str]:
    """Return the names of the fields that flattening adds to the columns of a row."""
    fields = set()
    for name in _unwrapping(config):
        prefix = config.get(f"transforms.{name}.add.fields.prefix", "__")
        added = config.get(f"transforms.{name}.add.fields", "").split(",")
        fields |= {_field(prefix, each) for each in added if each.strip()}
        # A rewritten delete, and with it every other event, has this field.
        fields.add("__deleted")
    return frozenset(fields)


def _class_faults(config: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    # Connect also accepts these shorter class names.
    if config.get("connector.class", "") not in (_CLASS, "PostgresConnector", "Postgres"):
        yield "connector.class", f"must be {_CLASS}: the source is PostgreSQL"


def _converter_faults(
    config: Mapping[str, str], name: str, readers: Readers
) -> Iterator[tuple[str, str]]:
    if name not in config:
        # The worker's converter applies; embedded and compose stacks have JSON without schemas.
        return
    if config[name] not in (_JSON, "JsonConverter", "Json"):
        yield name, f"must be {_JSON}: the records are read as JSON"
    elif readers.consumer and f"{name}.schemas.enable" not in config:
        yield f"{name}.schemas.enable", f"must be false if {name} is set: records have no schemas"


def _transform_faults(config: Mapping[str, str], readers: Readers) -> Iterator[tuple[str, str]]:
    kinds = _transforms(config)
    unwrapping = _unwrapping(config)
    if readers.consumer and len(unwrapping) != 1:
        yield "transforms", f"must contain exactly one transform of the type {_UNWRAP}"
        return
    if len(unwrapping) > 1:
        yield "transforms", f"may contain only one transform of the type {_UNWRAP}"
        return
    for name, kind in kinds.items():
        if kind != _UNWRAP and kind not in _HARMLESS_TRANSFORMS:
            yield (
                f"transforms.{name}.type",
                f"{kind or 'no type'} may change a record's key, value, or topic; remove it",
            )
    for name in unwrapping:
        yield from _unwrap_faults(config, f"transforms.{name}")


def _transforms(config: Mapping[str, str]) -> dict[str, str]:
    """Return the types of the transforms, by name."""
    names = [name.strip() for name in config.get("transforms", "").split(",") if name.strip()]
    return {name: config.get(f"transforms.{name}.type", "") for name in names}


def _unwrapping(config: Mapping[str, str]) -> list[str]:
    return [name for name, kind in _transforms(config).items() if kind == _UNWRAP]


def _unwrap_faults(config: Mapping[str, str], place: str) -> Iterator[tuple[str, str]]:
    deletes = f"{place}.delete.tombstone.handling.mode"
    if config.get(deletes, "").strip().lower() not in ("rewrite", "rewrite-with-tombstone"):
        yield (
            deletes,
            "must be rewrite-with-tombstone: a tombstone has no position in PostgreSQL's log",
        )
    for setting in ("drop.fields.keep.schema.compatible", "drop.fields.header.name"):
        if f"{place}.{setting}" in config:
            yield f"{place}.{setting}", "drops fields from the document; remove it"
    for setting, why in (
        ("route.by.field", "topics are named prefix.schema.table"),
        ("predicate", "each record must be unwrapped"),
    ):
        if f"{place}.{setting}" in config:
            yield f"{place}.{setting}", f"{why}; remove it"
    missing = _missing(config, place, _METADATA)
    if missing:
        yield (
            f"{place}.add.fields",
            f"lacks {', '.join(missing)} (must give the fields {', '.join(_METADATA)})",
        )


def _missing(config: Mapping[str, str], place: str, wanted: Mapping[str, str]) -> list[str]:
    prefix = config.get(f"{place}.add.fields.prefix", "__")
    added = {_field(prefix, x) for x in config.get(f"{place}.add.fields", "").split(",")}
    return [source for field, source in wanted.items() if field not in added]


def _field(prefix: str, added: str) -> str:
    """Return the field name for an entry of `add.fields`: `source.lsn` or `source.lsn:name`."""
    source, _, renamed = added.strip().partition(":")
    return prefix + (renamed or source.replace(".", "_"))
