from cdc_perf.init.dump import DumpEntry, parse_dump
from cdc_perf.init.schema import Refused, causes, refusals, schema_sql
from tests.unit.init.dumps import TEXT

DUMP = parse_dump(TEXT)
REASONS = {
    "postgis": 'extension "postgis" is not available',
    "EXTENSION postgis": 'extension "postgis" does not exist',
    "geom": 'type "public.geometry" does not exist',
    "geom geom_pkey": 'relation "shop.geom" does not exist',
    "on_g": 'relation "shop.geom" does not exist',
}
REFUSED = tuple(
    Refused(entry, REASONS[entry.name]) for entry in DUMP.entries if entry.name in REASONS
)


def test_what_only_follows_from_another_object_is_not_named() -> None:
    assert [str(each) for each in causes(REFUSED)] == [
        'extension postgis: extension "postgis" is not available',
        'table shop.geom: type "public.geometry" does not exist',
    ]


def test_what_lacks_something_else_is_named() -> None:
    policy = Refused(DumpEntry("POLICY", "orders p", "shop", ""), 'role "app" does not exist')
    view = Refused(DumpEntry("VIEW", "v", "shop", ""), 'relation "shop.geom" does not exist')
    assert causes((*REFUSED, policy, view))[-2:] == (policy, view)


def test_the_same_of_each_column_is_named_once() -> None:
    option = 'unrecognized parameter "x"'
    columns = [Refused(DumpEntry("ALTER TABLE", "a", "shop", text), option) for text in "123"]
    assert [str(each) for each in causes(columns)] == [f"alter table shop.a: {option}"]


def test_the_same_of_many_tables_is_one_line() -> None:
    option = 'unrecognized parameter "x"'
    tables = [Refused(DumpEntry("ALTER TABLE", name, "shop", ""), option) for name in "abc"]
    assert refusals((*REFUSED[:1], *tables)) == (
        'extension postgis: extension "postgis" is not available',
        f"alter table shop.a and 2 more: {option}",
    )
    assert refusals(tables[:1]) == (f"alter table shop.a: {option}",)


def test_the_file_has_what_is_accepted_and_says_what_is_not() -> None:
    text = schema_sql(DUMP, REFUSED, "shop\n-- DROP")
    assert text.splitlines()[:6] == [
        "-- The schema of the database shop -- DROP, as `inv init` took it with pg_dump.",
        "-- Applied to an empty database by `inv up`.",
        "--",
        "-- Left out, because the embedded PostgreSQL refuses it:",
        '--   extension postgis: extension "postgis" is not available',
        '--   table shop.geom: type "public.geometry" does not exist',
    ]
    assert "CREATE SCHEMA shop;" in text
    assert "CREATE FUNCTION shop.lines" in text
    for missing in ("CREATE EXTENSION", "geom_pkey", "on_g", "COMMENT ON"):
        assert missing not in text
    assert text.endswith("$$;\n")


def test_nothing_is_left_out_silently() -> None:
    assert "Left out" not in schema_sql(DUMP, (), "shop")
    assert all(entry.text in schema_sql(DUMP, (), "shop") for entry in DUMP.entries)
