import pytest

from cdc_consumer.errors import ConfigurationError
from cdc_consumer.topics import topic_of
from cdc_perf.settings.table_name import TableName


@pytest.mark.parametrize(
    ("table", "topic"),
    [
        ("public.orders", "cdc.public.orders"),
        ("public.Invoice", "cdc.public.Invoice"),
        ('public."Invoice"', "cdc.public.Invoice"),
        ('"Shop"."Invoice line"', "cdc.Shop.Invoice_line"),
        ('"my.shop"."a.b$c,d (x)"', "cdc.my.shop.a.b_c_d__x_"),
        ('public."q""uote"', "cdc.public.q_uote"),
        ("public.Größe_日本", "cdc.public.Gr__e___"),
        ('public."a😀"', "cdc.public.a__"),
        ('public." "', "cdc.public"),
    ],
)
def test_a_table_is_read_from_the_topic_that_the_harness_makes(table: str, topic: str) -> None:
    assert topic_of("cdc", table) == topic
    assert TableName.parse(table).topic("cdc") == topic


@pytest.mark.parametrize("table", ["orders", "a.b.c", 'public."a"b"', "public.a b"])
def test_what_is_no_table_is_a_wrong_setting(table: str) -> None:
    with pytest.raises(ConfigurationError):
        topic_of("cdc", table)
