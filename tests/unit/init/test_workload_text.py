import re
from pathlib import Path

from cdc_perf.init.loads import find_loads
from cdc_perf.init.workload_text import workload_text
from cdc_perf.settings.workload import Workload, read_workload
from cdc_perf.workload.catalog import CatalogTable
from cdc_perf.workload.derive import derive
from tests.unit.init.shops import ID, capturing, child, extension, plain, unfilled
from tests.unit.workload.catalogs import Rows, column, table

RICH = table(
    'shop."Rich one"',
    column("tenant", "int4", not_null=True),
    column("number", "int8", not_null=True),
    column("price", "numeric", modifier=(12 << 16 | 2) + 4),
    column("state", checks=("CHECK ((VALUE = ANY (ARRAY['new'::text, 'it''s'::text])))",)),
    column("born", "date"),
    column("seen", "timestamptz"),
    column("attrs", "jsonb"),
    column("A note"),
    column("tags", element="text"),
    column("made", "timestamptz", default="now()"),
    key=("tenant", "number"),
)
EMPTY = Rows(empty=frozenset(("shop.plain", "shop.unfilled", "shop.child", "shop.extension")))


def text_of(*tables: CatalogTable) -> str:
    pipeline, found = capturing(*tables)
    return workload_text("shop", find_loads(pipeline, found, EMPTY), found)


def parsed(text: str, folder: Path) -> Workload:
    path = folder / "workload.toml"
    path.write_text(text, encoding="utf-8")
    return read_workload(path)


def uncommented(text: str) -> str:
    """Return the text with its commented settings as settings."""
    return re.sub(r"^# (?=\[|\S+ = |'[^']*' = |\"[^\"]*\" = )", "", text, flags=re.MULTILINE)


def test_what_is_written_is_what_was_proposed(tmp_path: Path) -> None:
    tables = (plain(), RICH, child("shop.plain"), extension("shop.plain"))
    pipeline, found = capturing(*tables)
    loads = find_loads(pipeline, found, EMPTY)
    workload = parsed(workload_text("shop", loads, found), tmp_path)
    assert derive(workload, pipeline, found, EMPTY).plan == loads.plan


def test_the_commented_values_are_those_that_are_used(tmp_path: Path) -> None:
    tables = (plain(), RICH, child("shop.plain"), extension("shop.plain"))
    pipeline, found = capturing(*tables)
    loads = find_loads(pipeline, found, EMPTY)
    workload = parsed(uncommented(workload_text("shop", loads, found)), tmp_path)
    assert workload.changes is not None
    assert len(workload.changes[str(RICH)].columns) == 7
    assert derive(workload, pipeline, found, EMPTY).plan == loads.plan


def test_what_has_no_setting_is_said() -> None:
    text = text_of(plain(), RICH, child("shop.plain"))
    for line in (
        "#   New in each row: number.",
        "#   Any value of their type: tags.",
        "#   Left to PostgreSQL: made.",
        "#   Of a row of shop.plain: parent.",
        "#   An update sets note.",
    ):
        assert line in text.splitlines()


def test_a_table_without_updates_says_why() -> None:
    assert "#   No updates: no column has several values" in text_of(table("shop.bare", ID))


def test_a_table_without_deletes_says_why() -> None:
    text = text_of(plain(), extension("shop.plain"))
    assert "#   No deletes: shop.extension refers to each of its rows." in text
    assert "# shop.extension: a row with each row of shop.plain (with)." in text
    assert 'with = { "shop.extension" = 1 }' in text


def test_an_incomplete_table_is_commented_out_until_it_is_filled_in(tmp_path: Path) -> None:
    pipeline, found = capturing(unfilled(), plain())
    text = workload_text("shop", find_loads(pipeline, found, EMPTY), found)
    changes = parsed(text, tmp_path).changes
    assert changes is not None
    assert set(changes) == {"shop.plain"}
    line = next(x for x in text.splitlines() if x.startswith("# code = {} # "))
    assert "CHECK (f(code))" in line
    filled = uncommented(text.replace("code = {}", "code = { text = 5 }"))
    plan = derive(parsed(filled, tmp_path), pipeline, found, EMPTY).plan
    assert set(plan.tables) == {"shop.plain", "shop.unfilled"}


def test_an_incomplete_parent_is_filled_in_with_its_child(tmp_path: Path) -> None:
    pipeline, found = capturing(unfilled(), extension("shop.unfilled"))
    text = workload_text("shop", find_loads(pipeline, found, EMPTY), found)
    assert "# # is written with shop.unfilled, which is not loaded yet" in text
    filled = uncommented(text.replace("code = {}", "code = { text = 5 }"))
    plan = derive(parsed(filled, tmp_path), pipeline, found, EMPTY).plan
    assert set(plan.tables) == {"shop.unfilled", "shop.extension"}


def test_a_name_ends_no_comment() -> None:
    text = text_of(table('shop."a\nb"', ID, column("x\ny")))
    assert all(
        line.startswith(("#", "[", "insert", "update", "delete")) or not line
        for line in text.splitlines()
    )
