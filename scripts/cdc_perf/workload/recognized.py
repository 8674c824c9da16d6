"""The columns by which k6 recognizes a row in the sink: those whose text is the same there.

The text in PostgreSQL is that of a cast to text. In the sink it is what k6 reads: a field of a
document or an event, or a column cast to text. docs/types.md shows the fields.
"""

from cdc_perf.settings.pipeline import Pipeline, PostgresSink, Table
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.workload.catalog import Catalog, CatalogColumn

# A float may be printed with an exponent, and the padding of a char is lost by the cast.
_SAME_IN_JSON = frozenset(
    (
        *("int2", "int4", "int8", "bool", "text", "varchar", "citext", "uuid"),
        *("json", "jsonb", "macaddr", "macaddr8"),
    )
)
# A date is a number in an event, but a sink connector makes a date of it again.
_SAME_IN_POSTGRES = frozenset((*_SAME_IN_JSON, "date")) - {"macaddr", "macaddr8"}


def recognized_columns(
    table: Table, columns: tuple[CatalogColumn, ...], pipeline: Pipeline, catalog: Catalog
) -> tuple[str, ...]:
    """Return the columns whose text is the same in the source and in the sink, except the key.

    Args:
        table: The table in pipeline.toml.
        columns: Its columns.
        pipeline: The pipeline.
        catalog: The source, whose publication may leave columns out.
    """
    filtered = ConnectorFilter.of(pipeline.connector.config)
    published = next(
        (
            each.tables.get(table.table)
            for each in catalog.publications
            if each.name == pipeline.postgres.publication
        ),
        None,
    )
    typed = isinstance(pipeline.sink, PostgresSink)

    def is_recognized(column: CatalogColumn) -> bool:
        place = ".".join((*table.name, column.name))
        return (
            _is_same(column, typed=typed)
            and not column.is_generated
            and column.name not in (*table.key, *table.not_compared)
            and (published is None or column.name in published)
            and not filtered.excludes(place)
            and not filtered.masks(place)
        )

    return tuple(column.name for column in columns if is_recognized(column))


def _is_same(column: CatalogColumn, *, typed: bool) -> bool:
    kind = column.column
    if kind.is_enum:
        return True
    if kind.type == "numeric":
        # Debezium pads a number with a negative scale.
        return kind.scale is None or kind.scale >= 0
    return kind.type in (_SAME_IN_POSTGRES if typed else _SAME_IN_JSON)
