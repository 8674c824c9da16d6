from pathlib import Path
from typing import Any

import pytest

from cdc_consumer.errors import ConfigurationError
from cdc_consumer.settings import Endpoints, load_endpoints, load_pipeline, pipeline_file

ENVIRONMENT = {
    "CDC_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "CDC_MONGODB_URI": "mongodb://127.0.0.1",
    "CDC_HTTP_LISTEN": "127.0.0.1:8080",
}
GOOD = """\
[kafka]
topic_prefix = "cdc"
consumer_group = "group"
dead_letter_topic = "cdc.dead-letter"

[sink]
type = "mongodb"
database = "db"

[consumer]
max_batch_size = 500
retry_seconds = 60
delete_marker_ttl_hours = 1.5

[[tables]]
table = "public.orders"
key = ["id"]
target = "orders"

[[tables]]
table = "public.item"
key = ["order_id", "line"]
target = "item"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.toml"
    path.write_text(GOOD)
    return path


def test_the_settings_are_read_and_other_sections_are_left_to_others(file: Path) -> None:
    file.write_text(GOOD + '\n[postgres]\ndatabase = "x"\n')
    pipeline = load_pipeline(file)
    assert pipeline.consumer.delete_marker_ttl_hours == 1.5
    assert {topic: table.key for topic, table in pipeline.by_topic().items()} == {
        "cdc.public.orders": ("id",),
        "cdc.public.item": ("order_id", "line"),
        "cdc.public.cdc_perf_canary": ("id",),
    }


def test_the_canary_need_not_have_a_topic(file: Path) -> None:
    required = load_pipeline(file).required_topics()
    assert required == {"cdc.public.orders", "cdc.public.item"}


def test_a_canary_row_of_a_captured_table_needs_no_table_of_its_own(file: Path) -> None:
    file.write_text(GOOD + '\n[canary]\ntable = "public.orders"\nvalues = { note = "canary" }\n')
    assert len(load_pipeline(file).by_topic()) == 2


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        pytest.param("[kafka]", "[kafka", "pipeline.toml: ", id="no TOML"),
        pytest.param("[sink]", "[mongo]", "missing required field `sink`", id="no section"),
        pytest.param('"group"', '""', "length >= 1", id="empty name"),
        pytest.param('"group"', "5", "Expected `str`, got `int`", id="wrong type"),
        pytest.param("= 500", "= 0", ">= 1", id="no batch"),
        pytest.param("= 500", "= 100001", "<= 100000", id="batch too large"),
        pytest.param("retry_seconds = 60", "retry_seconds = 0", "> 0", id="no retry"),
        pytest.param("retry_seconds = 60", "retry_seconds = inf", "<= 43000", id="retry for ever"),
        pytest.param("hours = 1.5", "hours = -1", "> 0", id="negative marker time"),
        pytest.param("hours = 1.5", "hours = 1e9", "<= 596523", id="beyond MongoDB's TTL"),
        pytest.param('["id"]', "[]", "length >= 1", id="no key"),
        pytest.param(
            "public.item", "public.orders", "table 'public.orders' appears", id="table twice"
        ),
        pytest.param('"item"', '"orders"', "target 'orders' appears", id="collection twice"),
        pytest.param(
            "cdc.dead-letter",
            "cdc.public.item",
            "dead_letter_topic 'cdc.public.item' is also the topic of a table",
            id="dead letters into a table's topic",
        ),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(file: Path, old: str, new: str, why: str) -> None:
    assert GOOD.count(old) == 1 or old in {"public.item", '"item"'}
    file.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_pipeline(file)
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    assert why in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "No such file"), (b"\xff\xfe", "decode"), (b"", "missing required field")],
    ids=["no file", "no text", "empty"],
)
def test_a_file_that_is_none_is_one_line_too(
    tmp_path: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "other.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=why) as caught:
        load_pipeline(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [("127.0.0.1:8080", "127.0.0.1", 8080), ("localhost:0", "localhost", 0)],
)
def test_the_endpoints_come_from_the_environment(listen: str, host: str, port: int) -> None:
    found = load_endpoints({**ENVIRONMENT, "CDC_HTTP_LISTEN": listen})
    assert found == Endpoints("127.0.0.1:9092", "mongodb://127.0.0.1", host, port)


def test_a_consumer_may_have_a_name_in_its_group() -> None:
    assert load_endpoints(ENVIRONMENT).group_instance == ""
    named = {**ENVIRONMENT, "CDC_GROUP_INSTANCE_ID": "cdc-consumer-1"}
    assert load_endpoints(named).group_instance == "cdc-consumer-1"


@pytest.mark.parametrize("name", sorted(ENVIRONMENT))
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_a_missing_variable_is_named(name: str, value: str | None) -> None:
    environment: dict[str, Any] = {**ENVIRONMENT, name: value}
    with pytest.raises(ConfigurationError, match=f"^{name} is not set"):
        load_endpoints({k: v for k, v in environment.items() if v is not None})


@pytest.mark.parametrize("listen", ["8080", ":8080", "host:", "host:x", "host:65536", "host:²"])
def test_an_address_to_listen_on_is_host_and_port(listen: str) -> None:
    with pytest.raises(ConfigurationError, match="not host:port"):
        load_endpoints({**ENVIRONMENT, "CDC_HTTP_LISTEN": listen})


@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_one_argument_is_taken(arguments: list[str]) -> None:
    assert pipeline_file(["a"]) == Path("a")
    with pytest.raises(ConfigurationError, match="usage"):
        pipeline_file(arguments)
