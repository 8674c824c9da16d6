"""From the file and the catalog to the plan of a load, with every fault at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from psycopg import sql

from cdc_perf.errors import StackFailure, UsageFailure
from cdc_perf.settings import toml
from cdc_perf.settings.names import nearest
from cdc_perf.settings.pipeline import Pipeline, Table
from cdc_perf.settings.table_name import TableName
from cdc_perf.settings.workload import NO_FILE, OPERATIONS, Changes, Workload
from cdc_perf.stack.checks.tables import table_faults
from cdc_perf.stack.row_id import identity
from cdc_perf.workload.catalog import Catalog, CatalogTable, ForeignKey
from cdc_perf.workload.load_plan import (
    VERSION,
    Change,
    LoadPlan,
    Reference,
    TablePlan,
    With,
)
from cdc_perf.workload.recognized import recognized_columns
from cdc_perf.workload.source_rows import SourceRows
from cdc_perf.workload.statements import statement_change
from cdc_perf.workload.tables import Fault, RowPlan, plan_rows

_PIPELINE = "pipeline.toml"
_NO_VALUE = "''"
_NO_ROWS = RowPlan(columns=(), references=(), new_parents=frozenset(), updates=(), faults=())


@dataclass(frozen=True)
class Derived:
    """A plan, and the tables that were left out of it.

    Attributes:
        plan: The plan.
        left_out: Why a table has no load, a line each; only without a workload file.
    """

    plan: LoadPlan
    left_out: tuple[str, ...] = ()


def derive(workload: Workload, pipeline: Pipeline, catalog: Catalog, rows: SourceRows) -> Derived:
    """Return the plan of a load.

    Without a workload file, each table gets inserts; tables that need more information are left
    out, with the reason.

    Args:
        workload: What the user sets.
        pipeline: The pipeline.
        catalog: The tables of the source.
        rows: The rows of the source.

    Raises:
        UsageFailure: The workload does not fit the tables; one line for each fault.
    """
    if workload.changes is not None:
        return Derived(_Deriver(workload, workload.changes, pipeline, catalog, rows).plan())
    left = {str(table.name): Changes(insert=1) for table in pipeline.tables}
    found: dict[str, str] = {}
    while left:
        deriver = _Deriver(workload, left, pipeline, catalog, rows)
        faults = deriver.faults_by_table()
        if not faults:
            return Derived(deriver.plan(), tuple(found.values()))
        found |= faults
        left = {name: changes for name, changes in left.items() if name not in faults}
    raise UsageFailure("\n".join(found.values()))


def load_faults(
    changes: Mapping[str, Changes], pipeline: Pipeline, catalog: Catalog, rows: SourceRows
) -> Mapping[str, tuple[Fault, ...]]:
    """Return why tables cannot be loaded as `changes` say, by table.

    Args:
        changes: The changes of each table, by its name in SQL; the pipeline captures the tables.
        pipeline: The pipeline.
        catalog: The tables of the source.
        rows: The rows of the source.
    """
    return _Deriver(NO_FILE, changes, pipeline, catalog, rows).faults_by_setting()


@dataclass
class _Deriver:
    """Derives the parts of a plan, and collects all faults."""

    workload: Workload
    changes: Mapping[str, Changes]
    pipeline: Pipeline
    catalog: Catalog
    rows: SourceRows
    faults: list[tuple[str, str]] = field(default_factory=list)
    of_tables: dict[str, list[Fault]] = field(default_factory=dict)

    def plan(self) -> LoadPlan:
        """Return the plan.

        Raises:
            UsageFailure: There are faults.
        """
        tables = self._derive_tables()
        changes = tuple(self._all_changes(tables))
        if self.faults:
            raise UsageFailure("\n".join(dict.fromkeys(line for _, line in self.faults)))
        plans = {name: self._table_plan(name, rows) for name, rows in tables.items()}
        parents = {x.table: x for plan in plans.values() for x in plan.references if x.existing}
        for name, reference in parents.items():
            plans.setdefault(name, _existing(name, reference))
        return LoadPlan(VERSION, self.workload.seed, plans, changes)

    def faults_by_table(self) -> dict[str, str]:
        """Return the faults, in one line for each table."""
        self._derive_tables()
        found: dict[str, list[str]] = {}
        for name, line in self.faults:
            found.setdefault(name, []).append(line)
        self.faults.clear()
        return {name: "; ".join(lines) for name, lines in found.items()}

    def faults_by_setting(self) -> dict[str, tuple[Fault, ...]]:
        """Return the faults of each table, with the settings in its section."""
        self._derive_tables()
        return {name: tuple(faults) for name, faults in self.of_tables.items()}

    def _add(self, name: str, setting: str, fault: str) -> None:
        place = ": ".join(x for x in (self.workload.file, setting) if x) or f"the load of {name}"
        self.faults.append((name, f"{place}: {fault}"))

    def _add_of_table(self, name: str, setting: str, fault: str) -> None:
        self.of_tables.setdefault(name, []).append((setting, fault))
        if self.workload.file:
            setting = ".".join(x for x in (f"changes.{toml.key(name)}", setting) if x)
            self._add(name, setting, fault)
        else:
            self._add(name, "", f"{setting}: {fault}" if setting else fault)

    def _captured(self, name: str, setting: str) -> tuple[Table, CatalogTable] | None:
        """Return a table as the pipeline and as the catalog describe it; adds a fault if not."""
        known = {str(table.name): table for table in self.pipeline.tables}
        captured, found = known.get(name), self.catalog.tables.get(name)
        if captured is None:
            self._add(name, setting, f"{name} is not in [[tables]]; {nearest(name, known)}")
            return None
        if found is None:
            exists = nearest(name, self.catalog.tables)
            self._add(name, setting, f"there is no table {name} in the source; {exists}")
            return None
        fault = next(table_faults(captured, found.relation), None)
        if fault is not None:
            self.faults.append((name, f"{_PIPELINE}: {fault.what}; {fault.remedy}"))
            return None
        try:
            _identity(captured, found)
        except StackFailure as failure:
            self.faults.append((name, f"{_PIPELINE}: {failure.message}"))
            return None
        return captured, found

    def _names(self) -> Iterator[tuple[str, str]]:
        """Yield the tables that the load writes to, with the setting that names each first."""
        given = bool(self.workload.file)
        places = {name: f"changes.{toml.key(name)}" if given else "" for name in self.changes}
        for parent, changes in self.changes.items():
            for name in changes.with_:
                places.setdefault(name, f"changes.{toml.key(parent)}.with")
        for statement, each in self.workload.statements.items():
            places.setdefault(each.table, f"statements.{toml.key(statement)}.table")
        yield from places.items()

    def _derive_tables(self) -> dict[str, RowPlan]:
        plans: dict[str, RowPlan] = {}
        for name, setting in self._names():
            found = self._captured(name, setting)
            if found is None:
                continue
            captured, table = found
            if self._is_left_to_statements(name):
                plans[name] = _NO_ROWS
                continue
            changes = self.changes.get(name, Changes())
            plan = plan_rows(
                table,
                changes,
                key=captured.key,
                recognized=recognized_columns(captured, table.columns, self.pipeline, self.catalog),
                catalog=self.catalog,
                rows=self.rows,
            )
            for place, fault in (*self._right_faults(table, changes), *plan.faults):
                self._add_of_table(name, place, fault)
            for reference in plan.references:
                is_new = reference.name in plan.new_parents
                check = self._new_parent_fault if is_new else self._reference_fault
                fault = check(table, reference)
                if fault:
                    place = f"columns.{toml.key(reference.columns[0])}"
                    self._add_of_table(name, place, fault)
            plans[name] = plan
        self._circle_faults(plans)
        return plans

    def _right_faults(self, table: CatalogTable, changes: Changes) -> Iterator[tuple[str, str]]:
        """Yield the operations that the role may not do, or that are not published."""
        published = next(
            (x for x in self.catalog.publications if x.name == self.pipeline.postgres.publication),
            None,
        )
        for operation in OPERATIONS:
            if not changes.weight(operation) and operation != "insert":
                continue
            if operation.upper() not in table.privileges:
                yield operation, f"the role has no right to {operation} rows of {table}"
            if published is not None and operation not in published.operations:
                yield operation, f"the publication {published.name} does not publish {operation}s"

    def _is_left_to_statements(self, name: str) -> bool:
        """Return whether only custom statements insert rows, and nothing else needs any."""
        changes = self.changes.get(name, Changes())
        if any(changes.weight(operation) for operation in OPERATIONS):
            return False
        if any(name in each.with_ for each in self.changes.values()):
            return False
        children = (self.catalog.tables.get(child) for child, _ in self._names())
        if any(key.table == name for child in children if child for key in child.foreign_keys):
            return False
        own = [x for x in self.workload.statements.values() if x.table == name]
        return bool(own) and all(x.operation == "insert" and x.weight for x in own)

    def _is_existing(self, table: str, key: ForeignKey) -> bool:
        """Return whether a foreign key refers to rows that are there before the load."""
        return key.table != table and key.table not in self._own_parents()

    def _own_parents(self) -> frozenset[str]:
        """Return the tables whose rows a virtual user has: rows of `with` alone are not awaited."""
        awaited = {
            name
            for name, changes in self.changes.items()
            if any(changes.weight(operation) for operation in OPERATIONS)
        }
        return frozenset(awaited | {x.table for x in self.workload.statements.values()})

    def _reference_fault(self, table: CatalogTable, key: ForeignKey) -> str:
        """Return why a foreign key cannot be filled in; empty if it can."""
        name = str(table)
        if _is_nullable(table, key):
            return ""
        if key.table == name:
            return f"the foreign key {key.name} refers to {name} itself, and accepts no null"
        if self._is_with(name, key) or not self._is_existing(name, key):
            return ""
        parent = self.catalog.tables.get(key.table)
        if parent is None or "SELECT" not in parent.privileges:
            return f"refers to {key.table}, which the role may not read"
        if self.rows.has_rows(key.table):
            return ""
        return (
            f"refers to {key.table}, which has no row: insert rows into it "
            f"(insert in changes.{toml.key(key.table)})"
        )

    def _new_parent_fault(self, table: CatalogTable, key: ForeignKey) -> str:
        """Return why not each row can refer to a row of its own; empty if each can."""
        name, other = str(table), f"at most one row may refer to a row of {key.table}"
        changes = self.changes.get(name, Changes())
        if any(changes.weight(operation) for operation in OPERATIONS) or any(
            x.table == name for x in self.workload.statements.values()
        ):
            where = f"changes.{toml.key(key.table)}.with"
            return f"{other}: write it with {where} instead of operations of its own"
        if any(each.with_.get(name, 1) > 1 for each in self.changes.values()):
            return f"{other}: set its rows in with to 1"
        return ""

    def _circle_faults(self, plans: Mapping[str, RowPlan]) -> None:
        """Find tables that need each other's rows, so that no row can be the first."""
        needed: dict[str, set[str]] = {}
        for name, plan in plans.items():
            table = self.catalog.tables[name]
            needed[name] = {
                key.table
                for key in plan.references
                if key.table in plans
                and key.table != name
                and not _is_nullable(table, key)
                and not self._is_existing(name, key)
            }
        while ready := [name for name, parents in needed.items() if not parents & set(needed)]:
            for name in ready:
                del needed[name]
        for name, parents in needed.items():
            others = ", ".join(sorted(parents & set(needed)))
            self._add_of_table(
                name, "", f"needs a row of {others}, which needs one of {name}: none can be first"
            )

    def _table_plan(self, name: str, rows: RowPlan) -> TablePlan:
        table = self.catalog.tables[name]
        captured = next(x for x in self.pipeline.tables if str(x.name) == name)
        return TablePlan(
            relation=_relation(name),
            id=_identity(captured, table),
            key=captured.key,
            columns=rows.columns,
            references=tuple(self._reference(table, key) for key in rows.references),
            recognized=recognized_columns(captured, table.columns, self.pipeline, self.catalog),
            updates=rows.updates,
        )

    def _reference(self, table: CatalogTable, key: ForeignKey) -> Reference:
        return Reference(
            columns=key.columns,
            table=key.table,
            to=key.to,
            nullable=_is_nullable(table, key),
            cascades=key.cascades,
            existing=self._is_existing(str(table), key) and not self._is_with(str(table), key),
        )

    def _is_with(self, child: str, key: ForeignKey) -> bool:
        parent = self.changes.get(key.table)
        return parent is not None and child in parent.with_

    def _all_changes(self, tables: Mapping[str, RowPlan]) -> Iterator[Change]:
        for name, changes in self.changes.items():
            children = tuple(self._with(name, changes, tables))
            for operation in OPERATIONS:
                weight = changes.weight(operation)
                if not weight and not (operation == "insert" and children):
                    continue
                is_insert = operation == "insert"
                yield Change(
                    name=operation,
                    operation=operation,
                    table=name,
                    weight=weight,
                    rows=changes.rows if is_insert else 1,
                    with_=children if is_insert else (),
                    keys=changes.keys,
                )
        for name, statement in self.workload.statements.items():
            captured = next(
                (x for x in self.pipeline.tables if str(x.name) == statement.table), None
            )
            change, faults = statement_change(name, statement, captured.key if captured else ())
            for setting, fault in faults:
                place = ".".join(x for x in (f"statements.{toml.key(name)}", setting) if x)
                self._add(statement.table, place, fault)
            if change is not None and statement.weight:
                yield change

    def _with(self, parent: str, changes: Changes, tables: Mapping[str, RowPlan]) -> Iterator[With]:
        for child, count in changes.with_.items():
            plan = tables.get(child)
            if plan is None:
                continue
            if not changes.insert:
                self._add_of_table(parent, "with", "needs insert: it is a part of an insert")
            if not any(key.table == parent for key in plan.references):
                self._add_of_table(
                    parent, "with", f"{child} has no foreign key to {parent} that is filled in"
                )
            yield With(child, count)


def _identity(captured: Table, table: CatalogTable) -> str:
    """Return the SQL expression of the text that identifies a row in the sink."""
    return identity(captured, {x.name: x.column for x in table.columns}).as_string()


def _is_nullable(table: CatalogTable, key: ForeignKey) -> bool:
    """Return whether a row may refer to none: one null is enough (MATCH SIMPLE)."""
    found = (table.column(name) for name in key.columns)
    # All columns become null.
    return all(column is not None and not column.not_null for column in found)


def _relation(name: str) -> str:
    return sql.Identifier(*TableName.parse(name)).as_string()


def _existing(name: str, reference: Reference) -> TablePlan:
    """Return a table that the load does not write to, with rows that others refer to."""
    return TablePlan(
        relation=_relation(name),
        id=_NO_VALUE,
        key=reference.to,
        columns=(),
        references=(),
        recognized=(),
        updates=(),
    )
