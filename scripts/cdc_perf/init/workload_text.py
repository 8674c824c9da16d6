"""workload.toml: the proposed load of each table, with the derived values as comments."""

from collections.abc import Iterator, Mapping

from cdc_perf.init.loads import Loads, TableLoad
from cdc_perf.installation import COMMAND
from cdc_perf.settings import toml
from cdc_perf.settings.workload import DEFAULT_SEED
from cdc_perf.workload.catalog import Catalog, CatalogTable
from cdc_perf.workload.load_plan import Choice, Generator, Json, Range, TablePlan, Text, Unique

_OFF = "# "
_DATES = ("date", "timestamp")


def workload_text(database: str, loads: Loads, catalog: Catalog) -> str:
    """Return the content of workload.toml.

    Args:
        database: The database that it is for.
        loads: The load of each table.
        catalog: The tables.
    """
    lines = [
        *(f"{_OFF}{toml.comment(line)}" for line in _head(database)),
        "",
        f"{_OFF}seed = {DEFAULT_SEED}",
    ]
    plans = loads.plan.tables if loads.plan is not None else {}
    for load in loads.tables:
        lines += ["", *_section(load, plans, catalog.tables[load.table])]
    return "\n".join(lines) + "\n"


def _head(database: str) -> Iterator[str]:
    yield f"The load of the database {database}, as `{COMMAND} init` proposes it."
    yield "docs/your-pipeline.md lists every setting."
    yield "The numbers are weights: of all changes, each is made in proportion to its weight."
    yield 'Commented values are those that are used. Remove the "# " to change them.'


def _section(load: TableLoad, plans: Mapping[str, TablePlan], table: CatalogTable) -> Iterator[str]:
    if load.missing:
        yield from _incomplete(load)
    elif load.parent:
        yield _comment(f"{load.table}: a row with each row of {load.parent} (with).")
        yield from _values(load.table, plans[load.table])
    else:
        plan = plans[load.table]
        for line in _notes(load, plan, table):
            yield _comment(line)
        yield from _weights(load)
        yield from _values(load.table, plan)


def _incomplete(load: TableLoad) -> Iterator[str]:
    yield _comment(
        f'{load.table} is not loaded yet. Fill in what is empty, and remove the "# " of the lines '
        "below."
    )
    others = [each for each in load.missing if not each.column]
    for each in others:
        yield _comment(f"# {each.reason}")
    if load.parent:
        # It has no section of its own: its parent's names it.
        return
    for line in _weights(load):
        yield f"{_OFF}{line}"
    columns = [each for each in load.missing if each.column]
    if columns:
        yield f"{_OFF}{_columns_of(load.table)}"
    for each in columns:
        # The parser rejects an empty rule, so that it is not forgotten.
        yield _comment(f"{toml.key(each.column)} = {{}} # {each.reason}")


def _notes(load: TableLoad, plan: TablePlan, table: CatalogTable) -> Iterator[str]:
    """Yield what has no setting in the file."""
    yield f"{load.table}:"
    if load.no_update:
        yield f"  No updates: {load.no_update}."
    elif load.changes.update:
        yield f"  An update sets {', '.join(plan.updates)}."
    if load.no_delete:
        yield f"  No deletes: {load.no_delete}."
    new = [x.name for x in plan.columns if isinstance(x.generator, Unique)]
    if new:
        yield f"  New in each row: {', '.join(new)}."
    for each in plan.references:
        yield f"  Of a row of {each.table}: {', '.join(each.columns)}."
    typed = [x.name for x in plan.columns if _rule(x.generator) is None and x.name not in new]
    if typed:
        yield f"  Any value of their type: {', '.join(typed)}."
    given = {x.name for x in plan.columns} | {x for each in plan.references for x in each.columns}
    left = [x.name for x in table.columns if x.name not in given]
    if left:
        yield f"  Left to PostgreSQL: {', '.join(left)}."


def _weights(load: TableLoad) -> Iterator[str]:
    yield f"[changes.{toml.key(load.table)}]"
    changes = load.changes
    for name, weight in (
        ("insert", changes.insert),
        ("update", changes.update),
        ("delete", changes.delete),
    ):
        if weight:
            yield f"{name} = {weight}"
    if changes.with_:
        rows = ", ".join(f"{toml.key(child)} = {count}" for child, count in changes.with_.items())
        yield f"with = {{ {rows} }}"


def _values(table: str, plan: TablePlan) -> Iterator[str]:
    """Yield the derived values of the columns, as comments."""
    rules = {x.name: rule for x in plan.columns if (rule := _rule(x.generator)) is not None}
    if rules:
        yield f"{_OFF}{_columns_of(table)}"
    for name, rule in rules.items():
        yield f"{_OFF}{toml.key(name)} = {{ {rule} }}"


def _columns_of(table: str) -> str:
    return f"[changes.{toml.key(table)}.columns]"


def _rule(generator: Generator) -> str | None:
    """Return a generator as a setting of a column; None if there is none for it."""
    match generator:
        case Range(min=low, max=high, of=of):
            limits = [toml.quoted(x) if of in _DATES else x for x in (low, high)]
            return f"range = [{', '.join(limits)}]"
        case Choice(values=values):
            return f"choice = [{', '.join(map(toml.quoted, values))}]"
        case Text(bytes=length):
            return f"text = {length}"
        case Json(bytes=length):
            return f"json = {length}"
        case _:
            return None


def _comment(text: str) -> str:
    return f"{_OFF}{toml.comment(text)}"
