"""Columns whose events cdc-consumer rejects."""

from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from cdc_consumer.events import RESERVED
from cdc_perf.errors import SettingFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.checks.checked_table import CheckedTable
from cdc_perf.stack.checks.declared_columns import expect_fields, unfit_fields
from cdc_perf.stack.table_columns import TableColumn
from tests.unit.workload.catalogs import column

if TYPE_CHECKING:
    from psycopg import Connection

PIPELINE = load_pipeline(Checkout.here())


def checked(pipeline: Pipeline, *names: str) -> CheckedTable:
    class Known(CheckedTable):
        columns: tuple[TableColumn, ...] = tuple(column(name).column for name in names)

    return Known(cast("Connection[tuple[Any, ...]]", None), pipeline, 0)


def test_the_names_that_no_document_can_have() -> None:
    names = ("id", "a.b", "$set", "a$", "üñí", "from", *sorted(RESERVED))
    assert unfit_fields(names) == ("a.b", "$set", *sorted(RESERVED))


def test_they_are_refused() -> None:
    table = PIPELINE.tables[0].table
    with pytest.raises(SettingFailure, match=rf"tables\[0\]\.table: {table}: .* a\.b, \$c"):
        expect_fields(checked(PIPELINE, "id", "a.b", "$c"))
    expect_fields(checked(PIPELINE, "id", "a"))


def test_not_with_another_consumer_or_if_events_lack_columns() -> None:
    expect_fields(checked(msgspec.structs.replace(PIPELINE, consumer=None), "a.b"))
    config = {**PIPELINE.connector.config, "column.exclude.list": "x"}
    connector = msgspec.structs.replace(PIPELINE.connector, config=config)
    expect_fields(checked(msgspec.structs.replace(PIPELINE, connector=connector), "a.b"))
