import dataclasses

from cdc_perf.init.dump import DumpEntry
from cdc_perf.init.findings import summary
from cdc_perf.init.loads import find_loads
from cdc_perf.init.proposal import Proposal
from cdc_perf.init.schema import Refused
from cdc_perf.init.tables import TableFinding
from cdc_perf.settings.pipeline import Table
from cdc_perf.settings.table_name import TableName
from cdc_perf.workload.catalog import LogicalSlot
from tests.unit.init.shops import (
    ID,
    SAMPLE,
    capturing,
    child,
    extension,
    plain,
    publication,
    source,
    unfilled,
)
from tests.unit.workload.catalogs import Rows, table


def test_the_table_shows_what_each_table_gets() -> None:
    tables = (
        *(plain(), extension("shop.plain"), unfilled(), child("shop.unfilled")),
        table("shop.bare", ID),
    )
    pipeline, found = capturing(*tables)
    loads = find_loads(pipeline, found, Rows(empty=frozenset(found.tables)))
    findings = [TableFinding(x.name, 1234.0, x.primary_key, Table(str(x), ("id",))) for x in tables]
    findings.append(TableFinding(TableName("shop", "log"), -1, (), None, "no primary key"))
    refused = (Refused(DumpEntry("EXTENSION", "postgis", "", ""), "is not available"),)
    text = summary(source(), Proposal(SAMPLE.postgres, {}, tuple(findings), loads.tables, refused))
    assert [" ".join(line.split()) for line in text.splitlines()[2:8]] == [
        "shop.plain 1,234 id insert, update (shop.extension refers to each of its rows)",
        "shop.extension 1,234 parent with shop.plain",
        "shop.unfilled 1,234 id fill in code",
        "shop.child 1,234 id see below",
        (
            "shop.bare 1,234 id insert, delete "
            "(no column has several values whose text is the same in the sink)"
        ),
        "shop.log - - not captured: no primary key",
    ]
    lines = text.splitlines()
    assert "Before these tables can be loaded, edit workload.toml:" in lines
    assert any(line.startswith("  shop.unfilled: code: ") for line in lines)
    assert lines[-1] == "  extension postgis: is not available"


def test_a_schema_that_the_role_may_not_use_is_named() -> None:
    closed = dataclasses.replace(source(), closed_schemas=("hr",))
    text = summary(closed, Proposal(SAMPLE.postgres, {}, (), (), ()))
    assert "schema hr: not inspected: the role may not use it: GRANT USAGE ON SCHEMA" in text


def test_nothing_to_do_is_not_mentioned() -> None:
    pipeline, found = capturing(plain())
    loads = find_loads(pipeline, found, Rows())
    finding = TableFinding(plain().name, 0.0, ("id",), Table("shop.plain", ("id",)))
    text = summary(source(), Proposal(SAMPLE.postgres, {}, (finding,), loads.tables, ()))
    assert text.splitlines()[3:] == [
        "",
        "publication: none has inserts, updates, and deletes; pipeline.toml names cdc_publication",
        "slot: none for pgoutput; pipeline.toml names cdc_slot",
    ]


def test_the_publication_and_the_slot_are_shown() -> None:
    slot = LogicalSlot("ours", "pgoutput", active=False)
    found = source(publications=(publication("sales", tables=3),), slots=(slot,))
    text = summary(found, Proposal(SAMPLE.postgres, {}, (), (), ()))
    assert text.splitlines()[-2:] == ["publication: sales, of 3 tables", "slot: ours, inactive"]
