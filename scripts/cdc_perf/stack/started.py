"""The settings that a stack was started with, compared with the current pipeline.toml.

Components read these settings only when they start: a table that is added later has no topic and no
consumer, and is not in the publication.
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from cdc_perf.errors import StackFailure
from cdc_perf.files import NOT_JSON, readable_json, write_atomically
from cdc_perf.installation import COMMAND
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import (
    Connect,
    Connector,
    Consumer,
    Kafka,
    LocalStackSettings,
    Pipeline,
    Postgres,
    PostgresSink,
    Sink,
    Table,
)


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that a running stack does not read again.

    They exclude [connector.config], which `inv connector.deploy` applies, and the canary.
    """

    postgres: Postgres
    kafka: Kafka
    sink: Sink
    consumer: Consumer | None
    tables: tuple[Table, ...]
    connector: str
    sink_connector: Connector | None
    connect: Connect
    local: LocalStackSettings
    schema_digest: str

    @classmethod
    def of(cls, pipeline: Pipeline, checkout: Checkout) -> "Started":
        """Return the current settings of a checkout."""
        schema = (checkout.pipeline / pipeline.postgres.schema).read_bytes()
        if isinstance(pipeline.sink, PostgresSink):
            schema += (checkout.pipeline / pipeline.sink.schema).read_bytes()
        return cls(
            postgres=pipeline.postgres,
            kafka=pipeline.kafka,
            sink=pipeline.sink,
            consumer=pipeline.consumer,
            tables=pipeline.captured,
            connector=pipeline.connector.name,
            sink_connector=pipeline.sink_connector,
            connect=pipeline.connect,
            local=pipeline.stacks.local,
            schema_digest=hashlib.sha256(schema).hexdigest(),
        )

    def differences(self, now: "Started") -> Iterator[str]:
        """Describe each difference from the current settings."""
        before = {table.table: table for table in self.tables}
        after = {table.table: table for table in now.tables}
        yield from (f"{name} was added to tables" for name in after if name not in before)
        yield from (f"{name} was removed from tables" for name in before if name not in after)
        for name in (name for name in before if name in after):
            for setting in ("key", "target", "columns", "not_compared"):
                old, new = (getattr(x[name], setting) for x in (before, after))
                yield from _changed(f"the {setting} of {name}", old, new)
        for section in ("postgres", "kafka", "sink", "consumer"):
            old, new = getattr(self, section), getattr(now, section)
            if type(old) is not type(new):
                yield f"{section} was changed"
                continue
            for setting in old.__struct_fields__ if old is not None else ():
                yield from _changed(
                    f"{section}.{setting}", getattr(old, setting), getattr(new, setting)
                )
        yield from _changed("connector.name", self.connector, now.connector)
        if self.schema_digest != now.schema_digest and self.postgres.schema == now.postgres.schema:
            yield f"{now.postgres.schema} was changed"
        for section in ("sink_connector", "connect"):
            if getattr(self, section) != getattr(now, section):
                yield f"{section} was changed"
        if self.local != now.local:
            yield "stacks.local was changed"


def record(checkout: Checkout, pipeline: Pipeline) -> None:
    """Record the settings that a stack was started with."""
    write_atomically(checkout.started_file, readable_json(Started.of(pipeline, checkout)))


def expect_same(checkout: Checkout, pipeline: Pipeline) -> None:
    """Return if the running stack was started with the current pipeline.toml.

    Raises:
        StackFailure: It was started with other settings.
    """
    with suppress(FileNotFoundError, *NOT_JSON):
        started = msgspec.json.decode(checkout.started_file.read_bytes(), type=Started)
        differences = tuple(started.differences(Started.of(pipeline, checkout)))
        if differences:
            raise StackFailure(
                f"the running stack does not match pipeline.toml: {differences[0]}",
                hint=f"{COMMAND} down, then {COMMAND} up",
                detail=differences[1:],
            )


def _changed(what: str, old: object, new: object) -> Iterator[str]:
    if old != new:
        yield f"{what} was {_text(old)}, is now {_text(new)}"


def _text(value: object) -> str:
    return f"({', '.join(value)})" if isinstance(value, tuple) else str(value)
