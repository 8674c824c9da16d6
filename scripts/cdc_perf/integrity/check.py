"""The whole check of a pipeline: drain, comparison, topics and ledger."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.causes import CauseFacts
from cdc_perf.integrity.drain import DEADLINE_SECONDS, Draining
from cdc_perf.integrity.events import load_events
from cdc_perf.integrity.findings import (
    event_findings,
    ledger_findings,
    missed_for_sure,
    persistent,
    row_findings,
)
from cdc_perf.integrity.ledger import read_ledger
from cdc_perf.integrity.records import Integrity
from cdc_perf.integrity.snapshot import RowDifference, TableComparison, compare
from cdc_perf.integrity.tables import RowLookup, readings
from cdc_perf.integrity.topic import StartOffsets, Topics
from cdc_perf.integrity.trace import RowTrace
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import connector
from cdc_perf.stack.carried import ConnectorFilter
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.lag import ConsumerLag
from cdc_perf.waiting import NotReady

_Compared = tuple[TableComparison, Sequence[RowDifference]]
# Whose restart makes Debezium send again what it cannot know to have arrived.
_REPEATING = frozenset(("connect", "kafka", "postgres"))
_CONNECT_SECONDS = 5
_MONGODB_MILLISECONDS = 5000


def excuse(components: Iterable[str]) -> str:
    """Return why repeated events are no fault, given what has ended or restarted; else nothing."""
    found = sorted(_REPEATING.intersection(components))
    if not found:
        return ""
    return f"{' and '.join(found)} restarted: Debezium sends again what was not confirmed"


def unchecked(reason: str) -> Integrity:
    """Return the result of a check that was not made."""
    return Integrity(checked=datetime.now(UTC), unchecked=reason)


@dataclass(frozen=True)
class Checker:
    """Checks one pipeline.

    Attributes:
        pipeline: What it is made of.
        endpoints: Where it is.
        deadline_seconds: How long it may take to drain.
    """

    pipeline: Pipeline
    endpoints: Endpoints
    deadline_seconds: float = DEADLINE_SECONDS

    def begin(self) -> StartOffsets:
        """Return where the topics end now, and see that every table can be followed.

        Raises:
            StackFailure: The broker or PostgreSQL does not answer, or a table cannot be followed.
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
    ) -> Integrity:
        """Drain the pipeline, compare, and return what was found.

        Args:
            begins: Where the topics are read from.
            ledger: k6's ledger of what was written since then; None: nobody kept one.
            excused: Why repeated events are no fault; else empty.
            quiet: Whether nothing writes any more, as after a load.

        Returns:
            What was found; where a component does not answer, why nothing could be.
        """
        checked, began = datetime.now(UTC), time.monotonic()
        lag = ConsumerLag(self.endpoints.kafka_bootstrap, self.pipeline)
        draining = Draining(self.pipeline, self.endpoints, lag, self.deadline_seconds)
        found, filtered = Integrity(checked=checked), self._filtered()
        how = self._after_load if quiet else self._under_load
        try:
            with _answering():
                compared, differences = how(draining, filtered)
                found = self._found(begins, ledger, excused, lag, compared, differences, filtered)
        except StackFailure as failure:
            found = unchecked(failure.message)
        finally:
            lag.close()
        return msgspec.structs.replace(
            found,
            checked=checked,
            seconds=round(time.monotonic() - began, 3),
            drain=draining.result(),
        )

    def _after_load(self, draining: Draining, filtered: ConnectorFilter) -> _Compared:
        """Compare once everything is confirmed: what differs then differs for good.

        A difference is looked at again after another drain, and the last comparison alone counts:
        what differed before and no longer does was on its way, and what went wrong in between is
        in the last one.
        """
        draining.sentinel()
        draining.positions()
        last = self._compare(filtered)
        if last.differences and not draining.given_up:
            draining.sentinel()
            draining.positions()
            last = self._compare(filtered)
        return last, last.differences

    def _under_load(self, draining: Draining, filtered: ConnectorFilter) -> _Compared:
        """Compare while rows are being written: what is on its way differs once.

        The first comparison is made while positions are still being confirmed. Only if it shows a
        difference is there a second one, after a drain of all that the first one saw, and a row
        that differs in both, unchanged, is wrong.
        """
        draining.sentinel()
        first = self._compare(filtered)
        if first.differences and not draining.given_up:
            draining.sentinel()
        draining.positions()
        second = self._compare(filtered) if first.differences else first
        return second, persistent(first.differences, second.differences)

    def _found(
        self,
        begins: StartOffsets,
        ledger: Path | None,
        excused: str,
        lag: ConsumerLag,
        compared: TableComparison,
        differences: Sequence[RowDifference],
        filtered: ConnectorFilter,
    ) -> Integrity:
        entries = read_ledger(ledger) if ledger is not None else ()
        kept = ledger is not None and ledger.exists()
        records = self._topics.read(begins)
        with (
            load_events(records, entries) as events,
            self._postgres() as connection,
            self._mongodb() as client,
        ):
            facts = CauseFacts(connection, client[self.endpoints.mongodb_database], self.pipeline)
            trail = RowTrace(self.pipeline, events, lag.committed())
            cuts = records.cuts()
            whole = missed_for_sure(
                events.unseen(self.pipeline.kafka.topic_prefix),
                {self.pipeline.topic(table): table.table for table in self.pipeline.tables},
                cuts,
            )
            lookup = RowLookup(connection, readings(connection, self.pipeline, filtered))
            return Integrity(
                checked=datetime.now(UTC),
                tables=compared.tables,
                topics=events.topics(),
                acknowledged=events.acknowledged() if kept else None,
                findings=(
                    *row_findings(differences, trail, facts.explain),
                    *ledger_findings(whole, lookup),
                    *event_findings(events, self.pipeline, excused),
                ),
                cuts=cuts,
            )

    @property
    def _topics(self) -> Topics:
        return Topics(self.endpoints.kafka_bootstrap, self.pipeline)

    def _compare(self, filtered: ConnectorFilter) -> TableComparison:
        with self._mongodb() as client:
            database = client[self.endpoints.mongodb_database]
            return compare(self.endpoints.postgres_dsn, database, self.pipeline, filtered)

    def _filtered(self) -> ConnectorFilter:
        """Return what the connector filters: as it is deployed, else as pipeline.toml has it."""
        return ConnectorFilter.of(
            connector.deployed_config(self.pipeline, self.endpoints)
            or self.pipeline.connector.config
        )

    def _mongodb(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(
            self.endpoints.mongodb_uri, serverSelectionTimeoutMS=_MONGODB_MILLISECONDS
        )

    def _postgres(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            self.endpoints.postgres_dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS
        )


@contextmanager
def _answering() -> Iterator[None]:
    """Tell a component that does not answer as a failure of the stack."""
    try:
        yield
    except psycopg.Error as error:
        raise StackFailure(f"PostgreSQL: {str(error).strip().splitlines()[0]}") from None
    except PyMongoError as error:
        raise StackFailure(f"MongoDB: {error}") from None
    except NotReady as reason:
        raise StackFailure(str(reason)) from None
