"""Which tables of a database the pipeline captures, and why not the others."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from cdc_perf.errors import StackFailure
from cdc_perf.init.schema import Refused
from cdc_perf.init.source import Source
from cdc_perf.settings.pipeline import CANARY_TABLE, OWN_CANARY, Table
from cdc_perf.settings.table_name import TableName
from cdc_perf.stack.checks.declared_columns import unfit_fields, why_unfit
from cdc_perf.stack.checks.tables import table_faults
from cdc_perf.stack.checks.toast import lost_toast
from cdc_perf.stack.row_id import identity
from cdc_perf.stack.sent_types import is_sent
from cdc_perf.workload.catalog import Catalog, CatalogTable, LogicalSlot, Publication

_SELECT = "SELECT"
_PLUGIN = "pgoutput"
_OPERATIONS = frozenset(("insert", "update", "delete"))


@dataclass(frozen=True)
class TableFinding:
    """A table of the database.

    Attributes:
        name: Its name.
        rows: The estimated number of its rows; -1 if it was never analyzed.
        key: The columns of its primary key; empty if there is none.
        table: Its section of pipeline.toml; None if it is not captured.
        why: The reason why it is not captured; empty if it is.
    """

    name: TableName
    rows: float
    key: tuple[str, ...]
    table: Table | None = None
    why: str = ""


def omitted(source: Source) -> tuple[TableName, ...]:
    """Return the tables that the schema leaves out.

    pg_dump fails on those that the role cannot read. A stack that cdc-perf starts makes the table
    of the canary itself.
    """
    tables = source.catalog.tables.values()
    return tuple(
        each.name
        for each in tables
        if _SELECT not in each.privileges or str(each.name) == CANARY_TABLE
    )


def find_publication(source: Source) -> Publication | None:
    """Return the publication with the most tables, of those that publish every operation."""
    usable = [x for x in source.catalog.publications if x.operations >= _OPERATIONS and x.tables]
    return max(usable, key=lambda each: len(each.tables), default=None)


def find_slot(source: Source) -> LogicalSlot | None:
    """Return a logical slot that Debezium can read, preferably one that a client reads."""
    slots = [x for x in source.catalog.slots if x.plugin == _PLUGIN]
    return max(slots, key=lambda each: each.active, default=None)


def find_tables(
    connection: Connection[tuple[Any, ...]],
    source: Source,
    embedded: Catalog,
    refused: Sequence[Refused],
    topic_prefix: str,
) -> tuple[TableFinding, ...]:
    """Return the tables of the database, except partitions, the canary's, and those of extensions.

    Args:
        connection: Connection to the embedded copy of the schema.
        source: The database.
        embedded: The catalog of the copy.
        refused: The objects that the copy lacks.
        topic_prefix: The prefix of the topics.

    Raises:
        psycopg.Error: PostgreSQL does not answer.
    """
    lost = _lost_tables(refused)
    publication = find_publication(source)
    canary = OWN_CANARY.name.topic(topic_prefix)
    topics = {canary.replace(".", "_"): CANARY_TABLE}
    found: list[TableFinding] = []
    for name, table in sorted(source.catalog.tables.items()):
        if table.is_partition or name in source.extension_tables or name == CANARY_TABLE:
            continue
        section = _section(table, [each.table for each in found if each.table is not None])
        why = next(_in_source(table, publication), "")
        if not why and name not in embedded.tables:
            why = f"not in the embedded PostgreSQL: {lost.get(name, 'pg_dump omits it')}"
        why = why or next(_in_copy(connection, section, embedded.tables[name]), "")
        topic = table.name.topic(topic_prefix)
        # As in Kafka's metrics, where `.` and `_` are the same.
        if not why and topics.setdefault(topic.replace(".", "_"), name) != name:
            why = f"its topic {topic} collides with the topic of {topics[topic.replace('.', '_')]}"
        found.append(
            TableFinding(
                name=table.name,
                rows=table.rows,
                key=table.primary_key,
                table=None if why else section,
                why=why,
            )
        )
    return tuple(found)


def _lost_tables(refused: Sequence[Refused]) -> dict[str, str]:
    """Return why the copy lacks tables, by their names in SQL."""
    return {
        str(TableName(x.entry.schema, x.entry.name)): x.reason
        for x in refused
        if x.entry.kind == "TABLE"
    }


def _section(table: CatalogTable, others: Sequence[Table]) -> Table:
    """Return the section of pipeline.toml for a table; `others` have targets already."""
    return Table(
        table=str(table),
        key=table.primary_key,
        target=_target(table.name, {OWN_CANARY.name.name, *(each.target for each in others)}),
        not_compared=tuple(x.name for x in table.columns if not is_sent(x.column)),
    )


def _in_source(table: CatalogTable, publication: Publication | None) -> Iterator[str]:
    """Yield why the source itself does not allow to capture a table."""
    if _SELECT not in table.privileges:
        yield f"the role may not read it: GRANT SELECT ON {table} TO the role"
    if not table.primary_key:
        yield "no primary key: its rows cannot be identified"
    if table.is_inherited:
        yield "other tables inherit from it: a query of it returns their rows too"
    if publication is not None and str(table) not in publication.tables:
        if table.relation.kind == "p" and not publication.via_root:
            yield f"the publication {publication.name} publishes its partitions, not the table"
        yield f"the publication {publication.name} does not publish it"


def _in_copy(
    connection: Connection[tuple[Any, ...]], section: Table, table: CatalogTable
) -> Iterator[str]:
    """Yield why `inv up` would refuse a table, in the words of its checks."""
    for fault in table_faults(section, table.relation):
        yield f"{fault.what}; {fault.remedy}"
    try:
        identity(section, {each.name: each.column for each in table.columns})
    except StackFailure as failure:
        yield failure.message
    unfit = unfit_fields(each.name for each in table.columns)
    if unfit:
        yield why_unfit(section.table, unfit)
    for lost in lost_toast(connection, section.table):
        yield f"{lost}; {lost.remedy}"


def _target(name: TableName, taken: Collection[str]) -> str:
    """Return a collection's name that every server accepts: letters, digits, and `_`.

    With the schema, it is no SQL key word, which some servers reject.
    """
    plain = re.sub(r"[^A-Za-z0-9]", "_", f"{name.schema}_{name.name}")
    lower = {each.casefold() for each in taken}
    names = (plain, *(f"{plain}_{number}" for number in range(2, len(taken) + 3)))
    # Servers may not distinguish names that differ only in case.
    return next(each for each in names if each.casefold() not in lower)
