import re

import pytest

from cdc_perf.settings.table_name import TableName

LONGEST = "x" * 63


@pytest.mark.parametrize(
    ("text", "schema", "name", "spelled"),
    [
        ("public.orders", "public", "orders", "public.orders"),
        ("public.Invoice", "public", "Invoice", 'public."Invoice"'),
        ('public."Invoice"', "public", "Invoice", 'public."Invoice"'),
        ('"public"."orders"', "public", "orders", "public.orders"),
        ('"Shop"."Invoice line"', "Shop", "Invoice line", '"Shop"."Invoice line"'),
        ('"my.shop"."a.b"', "my.shop", "a.b", '"my.shop"."a.b"'),
        ('public."q""uote"', "public", 'q"uote', 'public."q""uote"'),
        ("public.größe", "public", "größe", 'public."größe"'),
        ("public.a$1", "public", "a$1", "public.a$1"),
        (f"public.{LONGEST}", "public", LONGEST, f"public.{LONGEST}"),
    ],
)
def test_a_name_is_spelled_as_in_sql_and_keeps_its_capitals(
    text: str, schema: str, name: str, spelled: str
) -> None:
    found = TableName.parse(text)
    assert found == (schema, name)
    assert str(found) == spelled
    assert TableName.parse(spelled) == found


@pytest.mark.parametrize(
    "text",
    [
        *("orders", "a.b.c", "public.", ".orders", "public.1st", "public.a b", "public.a-b", ""),
        *('public."', 'public.""', 'public."a"b"', 'public.a"b"', 'public."a\0b"', "public .a"),
        *(f"public.{LONGEST}x", f'public."{"ü" * 32}"'),
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"schema\.table|bytes"):
        TableName.parse(text)


@pytest.mark.parametrize(
    ("name", "topic"),
    [
        (TableName("public", "orders"), "cdc.public.orders"),
        (TableName("public", "Invoice"), "cdc.public.Invoice"),
        (TableName("Shop", "Invoice line"), "cdc.Shop.Invoice_line"),
        (TableName("my.shop", "a.b$c,d (x)"), "cdc.my.shop.a.b_c_d__x_"),
        (TableName("public", "Größe_日本"), "cdc.public.Gr__e___"),
        # Two UTF-16 units, so two underscores.
        (TableName("public", "a😀"), "cdc.public.a__"),
        (TableName("public", " "), "cdc.public"),
    ],
)
def test_topics_are_named_as_debezium_names_them(name: TableName, topic: str) -> None:
    assert name.topic("cdc") == topic


def test_a_topic_is_cut_where_kafka_takes_no_more() -> None:
    assert TableName("s", "t").topic("p" * 249) == "p" * 249


@pytest.mark.parametrize("part", ["orders", "a.b", "a$b", "a,b", " a ", "a|b", "(a)", "a\\b", "ü"])
def test_the_pattern_of_a_table_finds_it_alone(part: str) -> None:
    pattern = TableName("public", part).pattern()
    assert "," not in pattern
    assert pattern == pattern.strip()
    # Java's \x{2c} is Python's \x2c.
    python = re.sub(r"\\x\{(\w+)\}", lambda x: re.escape(chr(int(x[1], 16))), pattern)
    assert re.fullmatch(python, f"public.{part}")
    assert not re.fullmatch(python, f"public_{part}")
    assert not re.fullmatch(python, f"public.{part}x")
