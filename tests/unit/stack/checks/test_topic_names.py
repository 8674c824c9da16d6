import pytest

from cdc_perf.errors import ExitCode, StackFailure
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.checks.topic_names import expect_topics

TABLES = ("customer", "address", "orders", "order_item")


def topics(prefix: str, *tables: str) -> set[str]:
    return {f"{prefix}.public.{table}" for table in tables}


def test_nothing_is_said_of_topics_that_exist(pipeline: Pipeline) -> None:
    there = topics("cdc", *TABLES) | topics("staging", *TABLES)
    assert expect_topics(pipeline, there, prefix_known=False) == ()


def test_topics_of_the_tables_with_another_prefix_show_that_the_prefix_is_wrong(
    pipeline: Pipeline,
) -> None:
    there = topics("cdc1", *TABLES) | {"public.customer", "cdc.public.customers"}
    with pytest.raises(StackFailure) as caught:
        expect_topics(pipeline, there, prefix_known=False)
    assert caught.value.code is ExitCode.USAGE
    assert caught.value.message == (
        "pipeline.toml: kafka.topic_prefix: there is no topic cdc.public.customer; "
        "did you mean cdc1.public.customer?"
    )


@pytest.mark.parametrize(
    ("there", "prefix_known"),
    [
        # A producer creates a topic at the first event.
        (set(), False),
        ({"other", "xpublic.customer"}, False),
        # Another connector captures the same tables.
        (topics("staging", *TABLES), True),
        (topics("staging", *TABLES) | topics("cdc", "orders"), False),
        (topics("staging", *TABLES) | {"__debezium-heartbeat.cdc"}, False),
    ],
)
def test_a_topic_that_the_first_event_may_create_is_only_a_warning(
    pipeline: Pipeline,
    there: set[str],
    prefix_known: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    (warning,) = expect_topics(pipeline, there, prefix_known=prefix_known)
    assert "cdc.public.customer" in warning
    assert "\n" not in warning
