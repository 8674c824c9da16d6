from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Canary, KafkaSink, Pipeline, PortSettings, Table
from cdc_perf.stack.started import expect_same, record

replace = msgspec.structs.replace


@pytest.fixture
def checkout(tmp_path: Path, pipeline: Pipeline) -> Checkout:
    schema = Checkout.at(tmp_path, {}).pipeline / pipeline.postgres.schema
    schema.parent.mkdir(parents=True)
    schema.write_text("CREATE TABLE customer (id uuid PRIMARY KEY);")
    return Checkout.at(tmp_path, {})


def first_table(pipeline: Pipeline, **changed: object) -> Pipeline:
    tables = (replace(pipeline.tables[0], **changed), *pipeline.tables[1:])
    return replace(pipeline, tables=tables)


def with_ports(pipeline: Pipeline) -> Pipeline:
    local = replace(pipeline.stacks.local, ports=PortSettings(kafka=9092))
    return replace(pipeline, stacks=replace(pipeline.stacks, local=local))


@pytest.mark.parametrize(
    "change",
    [
        lambda p: replace(p, tables=(*p.tables, Table("public.invoice", ("id",), "invoice"))),
        lambda p: replace(p, tables=p.tables[:-1]),
        lambda p: first_table(p, key=("mail",)),
        lambda p: first_table(p, target="customers"),
        lambda p: replace(p, postgres=replace(p.postgres, slot="other")),
        lambda p: replace(p, postgres=replace(p.postgres, publication="other")),
        lambda p: replace(p, kafka=replace(p.kafka, topic_prefix="other")),
        lambda p: replace(p, kafka=replace(p.kafka, partitions=2)),
        lambda p: replace(p, sink=replace(p.sink, database="other")),
        lambda p: replace(p, sink=KafkaSink()),
        lambda p: replace(p, sink_connector=p.connector),
        lambda p: replace(p, consumer=None),
        lambda p: replace(p, consumer=replace(p.consumer, max_batch_size=1)),
        lambda p: replace(p, connector=replace(p.connector, name="other")),
        # The table of the canary is there only if no other row is declared.
        lambda p: replace(p, canary=Canary("public.customer", {"email": "a"})),
        with_ports,
    ],
)
def test_a_stack_that_was_started_with_other_settings_is_refused(
    checkout: Checkout, pipeline: Pipeline, change: Callable[[Pipeline], Pipeline]
) -> None:
    record(checkout, pipeline)
    expect_same(checkout, pipeline)
    with pytest.raises(StackFailure):
        expect_same(checkout, change(pipeline))


def test_a_schema_that_was_changed_is_not_that_of_the_stack(
    checkout: Checkout, pipeline: Pipeline
) -> None:
    record(checkout, pipeline)
    with (checkout.pipeline / pipeline.postgres.schema).open("a") as stream:
        stream.write("ALTER TABLE customer ADD note text;")
    with pytest.raises(StackFailure):
        expect_same(checkout, pipeline)


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p,
        lambda p: replace(p, connector=replace(p.connector, config={})),
        lambda p: replace(p, tables=p.tables[::-1]),
    ],
)
def test_what_a_stack_reads_again_may_change(
    checkout: Checkout, pipeline: Pipeline, change: Callable[[Pipeline], Pipeline]
) -> None:
    record(checkout, pipeline)
    expect_same(checkout, change(pipeline))


def test_the_values_of_a_canary_row_may_change(checkout: Checkout, pipeline: Pipeline) -> None:
    canary = Canary("public.customer", {"email": "a"})
    record(checkout, replace(pipeline, canary=canary))
    expect_same(checkout, replace(pipeline, canary=replace(canary, values={"email": "b"})))


def test_a_stack_that_left_no_record_is_taken_as_it_is(
    checkout: Checkout, pipeline: Pipeline
) -> None:
    expect_same(checkout, pipeline)
