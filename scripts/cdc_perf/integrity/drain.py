"""Wait until all earlier writes have passed the pipeline: by positions, so load may continue.

A row is sent through every hop, which proves that the pipeline works. With cdc-consumer, the
replication slot must then pass the log position from before that row, if Connect commits in time,
and the consumer group the end offsets from after it. Later writes are not waited for. A failed or
paused connector ends the wait because nothing passes it.

A check that may not write sends no row. It waits for the consumer group, but not for the slot: if
nothing is written to the published tables, the slot may never pass a position.
"""

import time
from collections.abc import Callable

import psycopg

from cdc_perf.errors import StackFailure
from cdc_perf.integrity.records import Drain
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack import canary, source
from cdc_perf.stack.connector_health import ConnectorDown, ConnectorHealth, Guard, read_connectors
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.lag import ConsumerLag
from cdc_perf.waiting import NotReady, WaitTimeout, wait_until
from cdc_perf.wording import counted

DEADLINE_SECONDS = 60.0
_INTERVAL_SECONDS = 0.02
_LEAST_SECONDS = 1.0


class Draining:
    """A drain in progress. Each step gets the time that the earlier steps left.

    Args:
        pipeline: The pipeline.
        endpoints: The addresses of its components.
        lag: Reads the consumer's positions; None if no group reads the topics.
        deadline_seconds: The time for all steps together.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        endpoints: Endpoints,
        lag: ConsumerLag | None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self._pipeline = pipeline
        self._endpoints = endpoints
        self._lag = lag
        self._deadline_seconds = deadline_seconds
        self._position = "0/0"
        self._group: Callable[[], None] | None = None
        self._spent = 0.0
        self._outstanding: list[str] = []
        self._guard = Guard(pipeline, endpoints)
        self._connector: ConnectorHealth | None = None
        self._sentinel_passed = False
        # Whether the slot was there and behind when it was last read.
        self._only_unconfirmed = False

    def sentinel(self) -> None:
        """Record the log position, then follow a row through every hop and back."""

        def probe() -> None:
            self._position = source.log_position(self._endpoints.postgres_dsn)
            try:
                canary.run_canary(self._pipeline, self._endpoints, self._left())
            except ConnectorDown:
                raise
            except WaitTimeout as late:
                raise NotReady(late.reason) from None
            except StackFailure as failure:
                raise NotReady(failure.message) from None
            self._sentinel_passed = True

        self._sentinel_passed = False
        self._step("a sentinel row", probe)

    def mark(self) -> None:
        """Record the log position that `passed` is about, without writing."""

        def probe() -> None:
            self._position = source.log_position(self._endpoints.postgres_dsn)

        self._step("the log position", probe)
        if self._lag is not None and not self.given_up:
            self._group = self._caught_up(self._lag)

    def passed(self) -> bool:
        """Return whether all writes before `mark` have passed slot and group, without waiting.

        It is false if no group reads the topics, because the sink's position is then unknown.
        """
        if self._group is None:
            return False
        try:
            self._confirmed()
            self._group()
        except (NotReady, psycopg.Error):
            return False
        return True

    @property
    def given_up(self) -> bool:
        """Whether a step timed out."""
        return bool(self._outstanding)

    def sink(self, equal: Callable[[], None], interval_seconds: float = _INTERVAL_SECONDS) -> None:
        """Wait until the sink of a consumer without known positions equals the source.

        A difference that remains is a finding, and not recorded as outstanding.

        Args:
            equal: Raises NotReady while they differ.
            interval_seconds: The pause between two comparisons.
        """
        before = len(self._outstanding)
        self._step("the sink", equal, interval_seconds)
        del self._outstanding[before:]

    def positions(self) -> None:
        """Wait until the slot and the consumer group have passed all earlier writes.

        Without cdc-consumer, the comparison with the sink shows that instead: offsets may be
        committed rarely.
        """
        if self._pipeline.consumer is None:
            return
        before = len(self._outstanding)
        self._step("the replication slot", self._confirmed)
        if self._sentinel_passed and self._only_unconfirmed and self._connector is None:
            # Debezium has sent everything before the sentinel row. The slot follows when Connect
            # commits, by default once in 60 s.
            del self._outstanding[before:]
        self.group()

    def group(self) -> None:
        """Wait until the consumer group has passed the current ends of the topics."""
        # A sink connector may commit its offsets rarely, too.
        if self._pipeline.consumer is not None and self._lag is not None:
            self._step("the consumer group", self._caught_up(self._lag))

    def _confirmed(self) -> None:
        """Return if the slot has passed the position.

        Raises:
            NotReady: It has not.
            psycopg.Error: PostgreSQL does not answer.
        """
        slot = self._pipeline.postgres.slot
        self._only_unconfirmed = False
        with source.connect(self._endpoints.postgres_dsn) as connection:
            row = connection.execute(
                "SELECT pg_wal_lsn_diff(%s::pg_lsn, confirmed_flush_lsn)::bigint "
                "FROM pg_replication_slots WHERE slot_name = %s",
                (self._position, slot),
            ).fetchone()
        if row is None or row[0] is None:
            raise NotReady(f"replication slot {slot} does not exist")
        if row[0] > 0:
            self._only_unconfirmed = True
            behind = counted(row[0], "byte")
            raise NotReady(f"replication slot {slot} is {behind} behind the last write")

    def _caught_up(self, lag: ConsumerLag) -> Callable[[], None]:
        group = self._pipeline.consumer_group
        ends: dict[tuple[str, int], int] = {}

        def probe() -> None:
            if not ends:
                ends.update(lag.ends())
            if behind := lag.behind(ends):
                events = counted(sum(behind.values()), "event")
                topics = ", ".join(sorted({topic for topic, _ in behind}))
                raise NotReady(f"consumer group {group} is {events} behind in {topics}")

        return probe

    def _step(
        self, what: str, probe: Callable[[], None], interval_seconds: float = _INTERVAL_SECONDS
    ) -> None:
        """Wait for one condition, and record it as outstanding if it does not become true."""
        missing = ""

        def attempt() -> None:
            nonlocal missing
            try:
                probe()
            except NotReady as reason:
                missing = str(reason)
                self._guard()
                raise
            except psycopg.Error as error:
                raise NotReady(str(error).strip().splitlines()[0]) from None

        began = time.monotonic()
        try:
            wait_until(
                attempt,
                what=what,
                deadline_seconds=self._left(),
                interval_seconds=interval_seconds,
            )
        except ConnectorDown as down:
            self._connector = down.health
            self._outstanding += [missing] if missing else []
        except WaitTimeout as late:
            self._outstanding.append(late.reason)
            self._note_connector()
        except StackFailure as failure:
            self._outstanding.append(failure.message)
        finally:
            self._spent += time.monotonic() - began

    def _note_connector(self) -> None:
        """Record a connector that does not run, because that may be the reason."""
        connectors = read_connectors(self._pipeline, self._endpoints)
        self._connector = next((x for x in connectors if not x.running), self._connector)

    def _left(self) -> float:
        """Return the seconds left. A step after the deadline still gets a short time."""
        return max(_LEAST_SECONDS, self._deadline_seconds - self._spent)

    def result(self) -> Drain:
        """Return the result. A connector that is down comes first, as the cause of the rest."""
        seconds = round(self._spent, 3)
        if self._connector is None:
            return Drain(seconds=seconds, outstanding=tuple(self._outstanding))
        return Drain(
            seconds=seconds,
            outstanding=(self._connector.sentence, *self._outstanding),
            connector=str(self._connector.condition),
        )
