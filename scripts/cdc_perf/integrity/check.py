"""The complete check of a pipeline: drain, comparison, topics, and ledger."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from pymongo.database import Database

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.causes import CauseFacts
from cdc_perf.integrity.differences import RowDifference, overflowed, persistent
from cdc_perf.integrity.drain import DEADLINE_SECONDS, Draining
from cdc_perf.integrity.events import Events, load_events
from cdc_perf.integrity.findings import (
    event_findings,
    ledger_findings,
    missed_for_sure,
    row_findings,
)
from cdc_perf.integrity.keys import Keys, changed_rows, stored_keys, written_rows
from cdc_perf.integrity.ledger import OPERATIONS, read_ledger
from cdc_perf.integrity.records import FindingTimes, Integrity, Scope, sink_type
from cdc_perf.integrity.snapshot import TableComparison, compare
from cdc_perf.integrity.tables import RowLookup, readings
from cdc_perf.integrity.topic import StartOffsets, Topics
from cdc_perf.integrity.trace import RowTrace
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import connector
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.component_specs import SPECS
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.lag import ConsumerLag
from cdc_perf.stack.sinks.choice import sink_of
from cdc_perf.stack.sinks.mongodb import MongodbTarget
from cdc_perf.stack.sinks.sink import Document
from cdc_perf.stack.statement_limits import BATCH_SECONDS, limit_statements
from cdc_perf.waiting import NotReady
from cdc_perf.wording import counted

_Compared = tuple[TableComparison, Sequence[RowDifference]]
# After a restart of one of these, Debezium resends changes that were not confirmed.
_REPEATING = frozenset(spec.name for spec in SPECS if spec.repeats_events)
_CONNECT_SECONDS = 5
# A comparison reads a database that others use.
_READING_SECONDS = 1.0


def excuse(components: Iterable[str]) -> str:
    """Return why repeated events are expected after these components restarted, or ""."""
    found = sorted(_REPEATING.intersection(components))
    if not found:
        return ""
    return f"{' and '.join(found)} restarted: Debezium resends unconfirmed changes"


def unchecked(reason: str) -> Integrity:
    """Return the result of a check that did not run."""
    return Integrity(checked=datetime.now(UTC), unchecked=reason)


def checker_of(
    pipeline: Pipeline, endpoints: Endpoints, scope: Scope, *, external: bool, full: bool
) -> "Checker":
    """Return what checks a stack.

    A stack that the tool started is compared completely. An external one has rows of others, and
    others write to it.

    Args:
        pipeline: The pipeline.
        endpoints: The addresses of its components.
        scope: The rows to compare on an external stack.
        external: Whether the stack is external.
        full: Whether to compare all rows there too.
    """
    chosen = scope if external and not full else Scope.ALL
    return Checker(pipeline, endpoints, scope=chosen, shared=external)


@dataclass(frozen=True)
class Checker:
    """Checks one pipeline.

    Attributes:
        pipeline: Its tables, topics, and connector.
        endpoints: The addresses of its components.
        deadline_seconds: The time to drain within.
        scope: The rows to compare. A run without a ledger of its writes is checked by the events
            in the topics instead.
        shared: Whether others may write to the database at any time.
        read_only: Whether nothing may be written, so that no row of its own proves the drain.
    """

    pipeline: Pipeline
    endpoints: Endpoints
    deadline_seconds: float = DEADLINE_SECONDS
    scope: Scope = Scope.ALL
    shared: bool = False
    read_only: bool = False

    def begin(self) -> StartOffsets:
        """Check that every table is supported, and return the current end offsets of the topics.

        Raises:
            StackFailure: The broker or PostgreSQL does not answer, or a table is not supported.
        """
        with _answering(), self._postgres() as connection:
            readings(connection, self.pipeline, self._filtered())
        return self._topics.ends()

    def check(
        self,
        begins: StartOffsets,
        ledger: Path | None = None,
        excused: str = "",
        *,
        quiet: bool = False,
        use: Callable[[Events], None] = lambda _events: None,
    ) -> Integrity:
        """Drain the pipeline, compare, and return the result.

        If it may not write, the check neither sends a row nor expects that the writes have stopped.

        Args:
            begins: The offsets to read the topics from.
            ledger: k6's ledger of the writes since then, or None if there is none.
            excused: Why repeated events are expected, or "".
            quiet: Whether the writes of this run have stopped, as after a load.
            use: Called with the events while they are loaded.

        Returns:
            The findings, or the reason why nothing could be checked.
        """
        checked, began = datetime.now(UTC), time.monotonic()
        lag = (
            ConsumerLag(self.endpoints.kafka_bootstrap, self.pipeline, self.endpoints.kafka_client)
            if self.pipeline.consumer_group
            else None
        )
        draining = Draining(self.pipeline, self.endpoints, lag, self.deadline_seconds)
        found, filtered = Integrity(checked=checked), self._filtered()
        how = self._after_load if quiet and not self.shared else self._under_load
        if self.read_only:
            how = self._reading
        try:
            with _answering(), self._keys(begins, ledger) as keys:
                compared = how(draining, filtered, keys)
                found = self._found(begins, ledger, excused, lag, compared, filtered, keys, use)
        except StackFailure as failure:
            found = unchecked(failure.message)
        finally:
            if lag is not None:
                lag.close()
        return msgspec.structs.replace(
            found,
            checked=checked,
            seconds=round(time.monotonic() - began, 3),
            drain=draining.result(),
        )

    def _after_load(
        self, draining: Draining, filtered: ConnectorFilter, keys: Keys | None
    ) -> _Compared:
        """Compare after everything is confirmed: a remaining difference is permanent.

        If there is a difference, drain again and compare again. Only the last comparison counts: it
        lacks differences that were in flight and has those that arose in between.
        """
        draining.sentinel()
        draining.positions()
        last = self._compare(filtered, keys)
        if not last.differences or draining.given_up:
            return last, last.differences
        if self.pipeline.consumer is not None:
            draining.sentinel()
            draining.positions()
            last = self._compare(filtered, keys)
            return last, last.differences

        def equal() -> None:
            nonlocal last
            last = self._compare(filtered, keys)
            if last.differences:
                raise NotReady(f"{counted(len(last.differences), 'row')} differ")

        draining.sink(equal)
        return last, last.differences

    def _under_load(
        self, draining: Draining, filtered: ConnectorFilter, keys: Keys | None
    ) -> _Compared:
        """Compare while rows are being written: a change in flight differs only once.

        The first comparison runs before the positions are confirmed. Only if it finds a difference,
        a second one follows, after a drain of everything that the first one saw. A row that differs
        in both, in the same version, is wrong. If there are more differences than are kept, what a
        first comparison knows is not enough: the next one takes its place, once.

        A consumer whose positions are unknown may apply changes long after the drain, so the second
        comparison is repeated until the end of the time.
        """
        draining.sentinel()
        first = self._compare(filtered, keys)
        if first.differences and not draining.given_up:
            draining.sentinel()
        if overflowed(first.differences) and not draining.given_up:
            first = self._compare(filtered, keys)
            draining.sentinel()
        draining.positions()
        if not first.differences:
            return first, ()
        second = self._compare(filtered, keys)
        lasting = persistent(first.differences, second.differences)
        if self.pipeline.consumer is not None or not lasting or draining.given_up:
            return second, lasting

        def arrived() -> None:
            nonlocal second, lasting
            second = self._compare(filtered, keys)
            lasting = persistent(first.differences, second.differences)
            if lasting:
                raise NotReady(f"{counted(len(lasting), 'row')} differ")

        draining.sink(arrived)
        return second, lasting

    def _reading(
        self, draining: Draining, filtered: ConnectorFilter, keys: Keys | None
    ) -> _Compared:
        """Compare while others write, and write nothing: no row of its own shows the drain.

        A row that differs is compared again until it is equal, has another version, or everything
        that the first comparison saw has passed the pipeline. If that is not confirmed, a row that
        differs in the same version until the end of the time is wrong. A first comparison with more
        differences than are kept is replaced by the next one, unless that is so for ever.
        """
        last = self._compare(filtered, keys)
        lasting = last.differences
        if lasting:
            draining.mark()

            def settled() -> None:
                nonlocal last, lasting
                # Asked before the comparison, which then sees what has passed.
                passed = draining.passed()
                last = self._compare(filtered, keys)
                if overflowed(lasting) and not (passed and overflowed(last.differences)):
                    passed, lasting = False, last.differences
                    draining.mark()
                else:
                    lasting = persistent(lasting, last.differences)
                if lasting and not passed:
                    raise NotReady(f"{counted(len(lasting), 'row')} differ")

            draining.sink(settled, _READING_SECONDS)
        draining.group()
        return last, lasting

    def _found(
        self,
        begins: StartOffsets,
        ledger: Path | None,
        excused: str,
        lag: ConsumerLag | None,
        compared: _Compared,
        filtered: ConnectorFilter,
        keys: Keys | None,
        use: Callable[[Events], None],
    ) -> Integrity:
        comparison, differences = compared
        entries = read_ledger(ledger) if ledger is not None else ()
        kept = ledger is not None and ledger.exists()
        records = self._topics.read(begins)
        with (
            load_events(records, entries) as events,
            self._postgres() as connection,
            self._documents() as documents,
        ):
            use(events)
            facts = CauseFacts(connection, documents, self.pipeline, keys)
            trail = RowTrace(self.pipeline, events, {} if lag is None else lag.committed())
            cuts = records.cuts()
            missing = missed_for_sure(
                events.missing_events(self.pipeline.kafka.topic_prefix),
                {self.pipeline.topic(table): table.table for table in self.pipeline.tables},
                cuts,
            )
            lookup = RowLookup(connection, readings(connection, self.pipeline, filtered))
            lost = {(each.table, each.id) for each in differences}
            lost |= {
                (each.table, each.id) for each in missing if lookup.must_arrive(each.table, each.id)
            }
            findings = (
                *row_findings(differences, trail, facts.explain),
                *ledger_findings(missing, lookup),
                *event_findings(events, self.pipeline, excused),
            )
            return Integrity(
                checked=datetime.now(UTC),
                tables=comparison.tables,
                topics=events.topics(),
                acknowledged=events.acknowledged() if kept else None,
                findings=findings,
                cuts=cuts,
                scope=Scope.ALL if keys is None else keys.scope,
                sink=sink_type(self.pipeline),
                # Without findings, the topics are not read once more.
                times=events.finding_times(sorted(lost)) if findings else FindingTimes(),
            )

    @property
    def _topics(self) -> Topics:
        return Topics(self.endpoints.kafka_bootstrap, self.pipeline, self.endpoints.kafka_client)

    def _compare(self, filtered: ConnectorFilter, keys: Keys | None) -> TableComparison:
        sink = sink_of(self.pipeline, self.endpoints)
        return compare(self.endpoints.postgres_dsn, sink, self.pipeline, filtered, keys)

    @contextmanager
    def _keys(self, begins: StartOffsets, ledger: Path | None) -> Iterator[Keys | None]:
        """Store the keys of the rows to compare for the block; None if all are compared."""
        if self.scope is Scope.ALL:
            yield None
            return
        if self.scope is Scope.RUN and ledger is not None:
            written = written_rows(read_ledger(ledger), OPERATIONS)
            with stored_keys(written, Scope.RUN, begins) as keys:
                if keys.tables():
                    yield keys
                    return
        changed = changed_rows(self._topics.read(begins), self.pipeline)
        with stored_keys(changed, Scope.TOPICS, begins) as keys:
            yield keys

    def _filtered(self) -> ConnectorFilter:
        """Return the filters of the deployed connector, or pipeline.toml's if unknown."""
        return ConnectorFilter.of(
            connector.deployed_config(self.pipeline, self.endpoints)
            or self.pipeline.connector.config
        )

    @contextmanager
    def _documents(self) -> Iterator[Database[Document] | None]:
        """Connect to the documents of cdc-consumer; None if another consumer writes to the sink."""
        if self.pipeline.consumer is None:
            yield None
            return
        target = MongodbTarget(self.endpoints.mongodb_uri, self.endpoints.mongodb_database)
        with target.open() as reader:
            yield reader.database

    @contextmanager
    def _postgres(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with psycopg.connect(
            self.endpoints.postgres_dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS
        ) as connection:
            limit_statements(connection, BATCH_SECONDS)
            yield connection


@contextmanager
def _answering() -> Iterator[None]:
    """Raise StackFailure if a component does not answer."""
    try:
        yield
    except psycopg.Error as error:
        raise StackFailure(f"PostgreSQL: {str(error).strip().splitlines()[0]}") from None
    except NotReady as reason:
        raise StackFailure(str(reason)) from None
