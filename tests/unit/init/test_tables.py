from cdc_perf.init.tables import find_publication, find_slot, omitted
from cdc_perf.settings.pipeline import CANARY_TABLE
from cdc_perf.workload.catalog import LogicalSlot
from tests.unit.init.shops import ID, plain, publication, source
from tests.unit.workload.catalogs import table


def test_the_publication_with_the_most_tables_counts() -> None:
    found = find_publication(source(publications=(publication("a"), publication("b", tables=2))))
    assert found is not None
    assert found.name == "b"


def test_a_publication_without_deletes_or_tables_does_not_count() -> None:
    inserts = publication("a", ("insert", "update"), 3)
    assert find_publication(source(publications=(inserts, publication("b", tables=0)))) is None


def test_the_slot_that_a_client_reads_counts() -> None:
    slots = (
        LogicalSlot("other", "wal2json", active=True),
        LogicalSlot("idle", "pgoutput", active=False),
        LogicalSlot("read", "pgoutput", active=True),
    )
    assert find_slot(source(slots=slots)) == slots[2]
    assert find_slot(source(slots=slots[:2])) == slots[1]
    assert find_slot(source(slots=slots[:1])) is None


def test_the_schema_omits_what_is_unreadable_and_the_canary() -> None:
    secret = table("shop.secret", ID, privileges=frozenset())
    found = source(plain(), secret, table(CANARY_TABLE, ID))
    assert [str(each) for each in omitted(found)] == ["shop.secret", CANARY_TABLE]
