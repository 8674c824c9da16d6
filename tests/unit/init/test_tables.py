import dataclasses

from cdc_perf.init.source import Source
from cdc_perf.init.tables import find_publication, omitted
from cdc_perf.settings.pipeline import CANARY_TABLE
from cdc_perf.workload.catalog import Publication
from tests.unit.init.shops import ID, plain
from tests.unit.workload.catalogs import catalog, table

ALL = frozenset(("insert", "update", "delete"))


def source(*publications: Publication) -> Source:
    secret = table("shop.secret", ID, privileges=frozenset())
    found = catalog(plain(), secret, table(CANARY_TABLE, ID))
    found = dataclasses.replace(found, publications=publications)
    return Source("shop", 180006, found, {})


def publication(name: str, operations: frozenset[str] = ALL, tables: int = 1) -> Publication:
    names = {f"shop.t{number}": ("id",) for number in range(tables)}
    return Publication(
        name=name, all_tables=False, operations=operations, via_root=False, tables=names
    )


def test_the_publication_with_the_most_tables_counts() -> None:
    found = find_publication(source(publication("a"), publication("b", tables=2)))
    assert found is not None
    assert found.name == "b"


def test_a_publication_without_deletes_or_tables_does_not_count() -> None:
    inserts = publication("a", frozenset(("insert", "update")), 3)
    assert find_publication(source(inserts, publication("b", tables=0))) is None


def test_the_schema_omits_what_is_unreadable_and_the_canary() -> None:
    assert [str(each) for each in omitted(source())] == ["shop.secret", CANARY_TABLE]
