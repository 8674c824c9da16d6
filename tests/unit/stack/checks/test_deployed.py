import pytest

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.table_name import TableName
from cdc_perf.stack.checks.connectors import captured, deployed_faults
from cdc_perf.stack.connector import desired_config

DSN = "postgresql://cdc@127.0.0.1:5432/cdc"
NAME = TableName("Shop", "Invoice, line")


@pytest.mark.parametrize(
    ("config", "is_captured"),
    [
        ({}, True),
        ({"table.include.list": NAME.pattern()}, True),
        ({"table.include.list": "public.x, Shop\\.Invoice\\, line"}, True),
        # Debezium takes no account of capitals.
        ({"table.include.list": "shop.invoice.*"}, True),
        ({"table.include.list": "Shop.Invoice"}, False),
        ({"schema.include.list": "shop"}, True),
        ({"schema.include.list": "public"}, False),
        ({"schema.exclude.list": "Sh.*"}, False),
        ({"table.exclude.list": ".*line"}, False),
        # An expression that Python does not know may match.
        ({"table.include.list": "\\p{Lu}hop.*"}, True),
    ],
)
def test_the_lists_of_a_connector_are_read_as_debezium_reads_them(
    config: dict[str, str],
    is_captured: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    assert captured(config, NAME) is is_captured


def test_the_connector_that_we_deploy_contradicts_nothing(pipeline: Pipeline) -> None:
    assert list(deployed_faults(pipeline, desired_config(pipeline, DSN))) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("topic.prefix", "other"),
        ("slot.name", "other"),
        ("publication.name", "other"),
        ("database.dbname", "other"),
        ("table.include.list", "public.customer"),
        ("schema.exclude.list", "public"),
        ("decimal.handling.mode", "double"),
        ("transforms", ""),
    ],
)
def test_a_connector_of_others_that_contradicts_the_file_is_found(
    pipeline: Pipeline, setting: str, value: str
) -> None:
    config = {**desired_config(pipeline, DSN), setting: value}
    assert list(deployed_faults(pipeline, config))


def test_a_schema_list_that_lets_the_tables_through_is_theirs_to_set(pipeline: Pipeline) -> None:
    config = {**desired_config(pipeline, DSN), "schema.include.list": "public"}
    assert list(deployed_faults(pipeline, config)) == []
