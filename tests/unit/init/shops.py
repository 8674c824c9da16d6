"""Tables of a shop, the databases that contain them, and the pipelines that capture them."""

import dataclasses

import msgspec

from cdc_perf.init.source import Source
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.workload.catalog import Catalog, CatalogTable, ForeignKey, LogicalSlot, Publication
from tests.unit.workload.catalogs import catalog, column, table

SAMPLE = load_pipeline(Checkout.here())
NOTED = column("note")
ID = column("id", "int4", identity="a", not_null=True)


def refers(to: str, name: str = "parent", on_delete: str = "a") -> ForeignKey:
    return ForeignKey(f"{name}_fkey", (name,), to, ("id",), on_delete)


def plain(name: str = "shop.plain") -> CatalogTable:
    return table(name, ID, NOTED)


def unfilled(name: str = "shop.unfilled") -> CatalogTable:
    """Return a table whose `code` must be filled in."""
    return table(name, ID, column("code", not_null=True), NOTED, checks={"CHECK (f(code))": "code"})


def child(of: str, name: str = "shop.child") -> CatalogTable:
    return table(name, ID, column("parent", "int4", not_null=True), NOTED, keys=(refers(of),))


def extension(of: str, name: str = "shop.extension", on_delete: str = "a") -> CatalogTable:
    """Return a table whose key refers to another table: at most one row for each row there."""
    return table(
        name,
        column("parent", "int4", not_null=True),
        NOTED,
        key=("parent",),
        keys=(refers(of, on_delete=on_delete),),
    )


def capturing(*tables: CatalogTable) -> tuple[Pipeline, Catalog]:
    """Return a pipeline that captures the tables, and their catalog."""
    captured = tuple(Table(str(x), x.primary_key, x.name.name) for x in tables)
    return msgspec.structs.replace(SAMPLE, tables=captured, canary=None), catalog(*tables)


def source(
    *tables: CatalogTable,
    publications: tuple[Publication, ...] = (),
    slots: tuple[LogicalSlot, ...] = (),
) -> Source:
    found = dataclasses.replace(catalog(*tables), publications=publications, slots=slots)
    return Source("shop", 180006, found, {})


def publication(
    name: str, operations: tuple[str, ...] = ("insert", "update", "delete"), tables: int = 1
) -> Publication:
    names = {f"shop.t{number}": ("id",) for number in range(tables)}
    return Publication(name=name, operations=frozenset(operations), via_root=False, tables=names)
