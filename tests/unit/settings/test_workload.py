import re
from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.settings.workload import (
    NO_FILE,
    Changes,
    ColumnRule,
    Statement,
    load_workload,
    moment,
    read_workload,
)
from tests.unit.settings.files import Put

ONE = '[changes."a.b"]\ninsert = 1\n'


def test_every_setting_is_read(tmp_path: Path) -> None:
    path = tmp_path / "workload.toml"
    path.write_text(
        """
        seed = 20251
        [changes."shop.orders"]
        insert = 40
        update = 41
        delete = 20
        rows = 3
        with = { 'shop."Items"' = 2 }
        set = ["note"]
        keys = "zipf"
        [changes."shop.orders".columns]
        qty = { range = [1, 10] }
        day = { range = [2024-01-01, 2024-01-02] }
        state = { choice = { new = 3, paid = 1 } }
        note = { text = 200, nulls = 0.1 }
        [statements.pay]
        weight = 10
        table = '"shop"."orders"'
        operation = "update"
        sql = "UPDATE"
        keys = "latest"
        values = { amount = { range = [1, 5] } }
        """,
        encoding="utf-8",
    )
    found = read_workload(path)
    assert (found.file, found.seed) == ("workload.toml", 20251)
    assert found.changes == {
        "shop.orders": Changes(
            insert=40,
            update=41,
            delete=20,
            rows=3,
            with_={'shop."Items"': 2},
            set=("note",),
            keys="zipf",
            columns={
                "qty": ColumnRule(range=(1, 10)),
                "day": ColumnRule(range=("2024-01-01", "2024-01-02")),
                "state": ColumnRule(choice={"new": 3, "paid": 1}),
                "note": ColumnRule(text=200, nulls=0.1),
            },
        )
    }
    assert found.statements == {
        "pay": Statement(
            weight=10,
            table="shop.orders",
            operation="update",
            sql="UPDATE",
            keys="latest",
            values={"amount": ColumnRule(range=(1, 5))},
        )
    }


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "workload.toml"
    path.write_text(
        """
        seed = -1
        chanegs = 1
        [changes."shop.orders"]
        insert = -1
        [changes.'"shop"."orders"']
        insert = 1
        [changes.orders]
        insert = 1
        with = { items = 2 }
        [changes."a.b".columns]
        a = { range = [5, 1] }
        b = { sequence = "user" }
        c = {}
        d = { text = 3, json = 30 }
        e = { range = [1, "2024-01-01"] }
        f = { range = ["x", "y"] }
        g = { choice = [] }
        h = { choice = { a = -1 } }
        i = { choice = { a = 0 } }
        j = { words = 3 }
        k = { range = [1, inf] }
        l = { range = [nan, 1.5] }
        m = { range = [0, 1e19] }
        n = { choice = { a = nan } }
        [changes.shop.orders]
        insert = 1
        [changes."a.c"]
        set = ["x", "x"]
        with = { "a.d" = 0 }
        [statements.insert]
        weight = 1
        table = "a.b"
        operation = "insert"
        sql = "INSERT"
        [statements.pay]
        weight = 1
        table = "a.b"
        operation = "upsert"
        sql = "INSERT"
        """,
        encoding="utf-8",
    )
    with pytest.raises(UsageFailure) as failure:
        read_workload(path)
    lines = [line.removeprefix("workload.toml: ") for line in failure.value.message.splitlines()]
    starts = [
        "chanegs: is not a known setting; did you mean changes?",
        "seed: ",
        'changes."shop.orders".insert: ',
        'changes.\'"shop"."orders"\': is the same table as "shop.orders"',
        "changes.orders: 'orders' is not schema.table",
        "changes.orders.with: 'items' is not schema.table",
        'changes."a.b".columns.a.range: 5 is above 1',
        'changes."a.b".columns.b.sequence: has no {}, which becomes a number',
        'changes."a.b".columns.c: is empty; set one of range, choice, ',
        'changes."a.b".columns.d: has text and json; use one of them',
        'changes."a.b".columns.e.range: has a number and a text',
        'changes."a.b".columns.f.range: is neither two numbers nor two dates',
        'changes."a.b".columns.g.choice: is empty',
        'changes."a.b".columns.h.choice: a weight is below 0',
        'changes."a.b".columns.i.choice: every weight is 0',
        'changes."a.b".columns.j.words: ',
        'changes."a.b".columns.k.range: inf is not a number of 64 bits',
        'changes."a.b".columns.l.range: nan is not a number of 64 bits',
        'changes."a.b".columns.m.range: 1e+19 is not a number of 64 bits',
        'changes."a.b".columns.n.choice: a weight is not a finite number',
        'changes.shop: quote the table: [changes."shop.orders"]',
        'changes."a.c".with."a.d": expected `int` >= 1',
        'changes."a.c".set: has x twice',
        "statements.insert: is not a valid name; ",
        "statements.pay.operation: ",
    ]
    unmet = [line for line, start in zip(lines, starts, strict=True) if not line.startswith(start)]
    assert unmet == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[changes."a.b"]\nrows = 2\n', "every weight is 0; set insert, update, or delete"),
        ("", "every weight is 0"),
        ("seed = ", "not TOML"),
        ("changes = 3", "changes: expected `object`"),
        ('[changes]\n"a.b" = 3\n', 'changes."a.b": expected `object`'),
        ('[changes."a.b"]\ninsert = 1\ncolumns = 3\n', 'changes."a.b".columns: expected `object`'),
    ],
)
def test_a_file_without_a_load_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "workload.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageFailure, match=re.escape(fault)):
        read_workload(path)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "workload.toml"
    path.write_text("\ufeff" + ONE, encoding="utf-8")
    assert read_workload(path).changes == {"a.b": Changes(insert=1)}


def test_the_scenario_names_its_workload_or_the_pipeline_does(checkout: Checkout, put: Put) -> None:
    pipeline = load_pipeline(checkout)
    assert load_workload(checkout, pipeline) == NO_FILE
    put(checkout.pipeline / "workload.toml", "seed = 1\n" + ONE)
    put(checkout.pipeline / "mine.toml", "seed = 2\n" + ONE)
    put(checkout.pipeline.parent / "other.toml", "seed = 3\n" + ONE)
    assert load_workload(checkout, pipeline).seed == 1
    assert load_workload(checkout, pipeline, "mine.toml").seed == 2
    named = msgspec.structs.replace(pipeline, workload="../other.toml")
    assert load_workload(checkout, named).seed == 3
    assert load_workload(checkout, named, "mine.toml").seed == 2
    with pytest.raises(UsageFailure, match=r"missing\.toml"):
        load_workload(checkout, pipeline, "missing.toml")


def test_a_moment_has_no_zone() -> None:
    assert moment("2024-01-01") == moment("2024-01-01 00:00:00+02")
