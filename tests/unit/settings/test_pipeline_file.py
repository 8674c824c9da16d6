import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline


def test_the_committed_pipeline_is_the_one_of_the_plan(committed: Checkout) -> None:
    pipeline = load_pipeline(committed)
    assert [pipeline.topic(table) for table in pipeline.tables] == [
        *("cdc.public.customer", "cdc.public.address"),
        *("cdc.public.orders", "cdc.public.order_item"),
    ]
    assert pipeline.canary_table.table == "public.cdc_perf_canary"
    assert pipeline.connector.name == "postgres-cdc-connector"
    assert pipeline.postgres.slot == "cdc_slot"
    assert pipeline.postgres.publication == "cdc_publication"


_CONNECTOR = "[connector]\nname"
_CANARY = '[canary]\ntable = "public.customer"\nvalues = { email = "a" }\n'
_LOCAL = '\n[stacks.local]\nmongod = "bin/mongod"\n'


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('database = "cdc"\nuser', "user", "postgres.database: is missing"),
        ('user = "cdc"', 'user = ""', "postgres.user: expected `str` of length >= 1"),
        ('user = "cdc"', 'user = "cdc"\nusr = 1', "postgres.usr: is not a known setting"),
        ('slot = "cdc_slot"', 'slot = "CDC-Slot"', "postgres.slot: expected `str` matching regex"),
        ("schema.sql", "gone.sql", "postgres.schema: "),
        ("partitions = 1", "partitions = 0", "kafka.partitions: expected `int` >= 1"),
        (
            "partitions = 1",
            'partitions = 1\nclient_properties = { "sasl.password" = "hunter2" }',
            "kafka.client_properties.sasl.password: is a secret: move it into the file that CDC_",
        ),
        (
            "partitions = 1",
            'partitions = 1\nclient_properties = { "group.id" = "a" }',
            "kafka.client_properties.group.id: is set by cdc-perf; remove it",
        ),
        (
            "partitions = 1",
            'partitions = 1\nclient_properties = { security.protocol = "SSL" }',
            "kafka.client_properties.security: is not text: quote the value, and a dotted name",
        ),
        ("retry_seconds = 60.0", "retry_seconds = 0", "consumer.retry_seconds: expected `float` >"),
        ('key = ["id"]\ntarget = "orders"', 'target = "orders"', "tables[2].key: is missi"),
        ('"public.orders"', '"orders"', "tables[2].table: "),
        ('"public.orders"', '"public.address"', "tables[2].table: public.address is listed twice"),
        (
            'target = "orders"',
            'target = "address"',
            "tables[2].target: address is already the target of public.address",
        ),
        ('"public.orders"', '"public.address\\u0000"', "tables[2].table: "),
        ('"public.orders"', "'public.\"address\"'", "tables[2].table: public.address is listed"),
        # Kafka keeps topics that differ in `.` and `_` alone no better apart than equal ones.
        (
            '"public.orders"',
            '\'public."a b"\'\nkey = ["id"]\ntarget = "ab"\n[[tables]]\ntable = "public.a_b"',
            "tables[3].table: ",
        ),
        (
            '"public.orders"',
            '\'public."a.b"\'\nkey = ["id"]\ntarget = "ab"\n[[tables]]\ntable = "public.a_b"',
            "tables[3].table: ",
        ),
        ('target = "orders"', 'target = "system.x"', "tables[2].target: "),
        ('target = "orders"', 'target = "a.system.b"', "tables[2].target: "),
        ('target = "orders"', 'target = "a..b"', "tables[2].target: "),
        ('target = "orders"', 'target = ".a"', "tables[2].target: "),
        ('target = "orders"', 'target = "a."', "tables[2].target: "),
        ('target = "orders"', 'target = "a$b"', "tables[2].target: "),
        ('target = "orders"', 'target = "a\\u0000b"', "tables[2].target: "),
        ('target = "orders"', f'target = "{"x" * 252}"', "tables[2].target: "),
        ('target = "orders"', f'target = "{"ü" * 126}"', "tables[2].target: "),
        (
            '[sink]\ntype = "mongodb"\ndatabase = "cdc"',
            '[sink]\ntype = "mongodb"\ndatabase = "a.b"',
            "sink.database: ",
        ),
        (
            '[sink]\ntype = "mongodb"\ndatabase = "cdc"',
            '[sink]\ntype = "mongodb"\ndatabase = "admin"',
            "sink.database: ",
        ),
        (
            '[sink]\ntype = "mongodb"\ndatabase = "cdc"',
            f'[sink]\ntype = "mongodb"\ndatabase = "{"x" * 64}"',
            "sink.database: ",
        ),
        ('"tasks.max"', '"name"', "connector.config.name: "),
        (
            '"tasks.max" = "1"',
            '"table.exclude.list" = "public.orders"',
            "connector.config.table.exclude.list: ",
        ),
        (
            'key = ["id"]\ntarget = "orders"',
            'key = ["id", "id"]\ntarget = "orders"',
            "tables[2].key: lists a column twice",
        ),
        (
            'target = "orders"',
            'target = "orders"\ncolumns = { status = "x", note = "x" }',
            "tables[2].columns: two columns have the name x in the sink",
        ),
        (
            'target = "orders"',
            'target = "orders"\nnot_compared = ["id"]',
            "tables[2].not_compared: id is a key column",
        ),
        (
            '"cdc.dead-letter"',
            '"cdc.public.orders"',
            "kafka.dead_letter_topic: is also the topic of public.orders",
        ),
        (
            _CONNECTOR,
            f"{_CANARY.replace('customer', 'custommer')}{_CONNECTOR}",
            "canary.table: public.custommer is not in [[tables]]; did you mean public.customer",
        ),
        (
            'key = ["id"]\ntarget = "customer"\n',
            f'key = ["id", "part"]\ntarget = "customer"\n{_CANARY}',
            "canary.table: public.customer has a key of 2 columns; use a table with a uuid key",
        ),
        (
            _CONNECTOR,
            f"{_CANARY.replace('{ email', '{ id = 1, email')}{_CONNECTOR}",
            "canary.values.id: is the key, which is generated for each canary row",
        ),
        (
            '"public.orders"',
            '"public.cdc_perf_canary"',
            "tables[2].table: is the table of the canary; remove it",
        ),
        (
            'target = "orders"',
            'target = "cdc_perf_canary"',
            "tables[2].target: cdc_perf_canary is the target of the canary",
        ),
        (
            '"tasks.max" = "1"',
            '"tasks.max" = 1',
            "connector.config.tasks.max: Kafka Connect accepts",
        ),
        (
            '"tasks.max" = "1"',
            "a.b = 1",
            "connector.config.a: Kafka Connect accepts text: quote {'b'",
        ),
        (
            '"tasks.max"',
            '"slot.name"',
            "connector.config.slot.name: is set from the other sections; remove it",
        ),
        (
            "[connector]",
            "[stacks.local.ports]\nkafka = 70000\n[connector]",
            "stacks.local.ports.kafka: expected `int` <= 65535",
        ),
        (
            "[connector]",
            "[stacks.local.ports]\nkafka = 9092\nmongodb = 9092\n[connector]",
            "stacks.local.ports.kafka: 9092 is also the port of another component",
        ),
        ("[connector]", f"{_LOCAL}[connector]", "stacks.local.mongod: "),
        ("[connector]", "[connector", "not TOML: Expected ']' at the end of a table declaration"),
        ("[connector]", "[connector]\n[connector]", "not TOML: Cannot declare ('connector',) twi"),
    ],
)
def test_a_wrong_pipeline_is_one_line_that_names_the_place(
    checkout: Checkout, old: str, new: str, line: str
) -> None:
    text = checkout.pipeline_file.read_text(encoding="utf-8")
    assert old in text
    checkout.pipeline_file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(UsageFailure) as caught:
        load_pipeline(checkout)
    assert str(caught.value).startswith(f"pipeline.toml: {line}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_a_given_mongod_has_to_be_a_program(checkout: Checkout, mode: int) -> None:
    program = checkout.pipeline / "bin" / "mongod"
    program.parent.mkdir()
    program.touch(mode)
    with checkout.pipeline_file.open("a", encoding="utf-8") as stream:
        stream.write(_LOCAL)
    if mode == 0o755:
        assert load_pipeline(checkout).stacks.local.mongod == "bin/mongod"
    else:
        with pytest.raises(UsageFailure, match=f"{program} is not an executable file"):
            load_pipeline(checkout)
