"""Where a row was last seen in the pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdc_perf.integrity.differences import FURTHER, RowDifference
from cdc_perf.integrity.events import EventPosition, Events
from cdc_perf.integrity.records import FindingKind, LastSeen, RowSample, SinkType, sink_type
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.wording import HELD, counted

_OPS = {"c": "create", "u": "update", "d": "delete", "r": "read"}


@dataclass(frozen=True)
class RowTrace:
    """Finds where each row was last seen.

    Attributes:
        pipeline: The pipeline.
        events: The events of the window.
        committed: The consumer group's committed offsets, by topic and partition.
    """

    pipeline: Pipeline
    events: Events
    committed: Mapping[tuple[str, int], int]

    def kind(self, difference: RowDifference) -> FindingKind:
        """Return the kind of a difference; an EXTRA document with a delete is RESURRECTED."""
        topic = self._topic(difference.table)
        if difference.kind is FindingKind.EXTRA and self.events.delete(topic, difference.id):
            return FindingKind.RESURRECTED
        return difference.kind

    def sample(self, difference: RowDifference) -> RowSample:
        """Return a difference, and where the row's last change was seen."""
        if difference.kind is FindingKind.COLUMN_ABSENT:
            rows = counted(difference.count, "row has a value", "rows have a value")
            detail = f"{', '.join(difference.columns)}: {rows}, but no {self._held} has the field"
            return RowSample(id=difference.id, last_seen=LastSeen.POSTGRES, detail=detail)
        if difference.id == FURTHER:
            place = self._sink if difference.kind is FindingKind.EXTRA else LastSeen.POSTGRES
            detail = counted(difference.count, "row is", "rows are")
            return RowSample(id=FURTHER, last_seen=place, detail=f"{detail} only counted")
        topic, identity = self._topic(difference.table), difference.id
        last = self.events.last(topic, identity)
        columns = ", ".join(difference.columns)
        lead = f"different content in {columns}; " if columns else ""
        if difference.lsn is not None:
            lead += f"the {self._held} has LSN {difference.lsn}; "
        place, where = self._last_seen(topic, identity, last, has_row=bool(difference.version))
        if last is not None and last.lsn == difference.lsn:
            # The change arrived, so the difference arose in the sink or on the last hop.
            place = self._sink
        return RowSample(id=identity, last_seen=place, detail=lead + where)

    def _last_seen(
        self, topic: str, identity: str, last: EventPosition | None, *, has_row: bool
    ) -> tuple[LastSeen, str]:
        if last is None:
            where = "the topic has no event of this row in the checked period"
            return (LastSeen.POSTGRES if has_row else self._sink), where
        where = (
            f"its last event, {_OPS.get(last.op, last.op)} at LSN {last.lsn}, is in {topic}, "
            f"partition {last.partition}, offset {last.position}"
        )
        reason = self.events.given_up(topic, identity)
        if reason:
            return LastSeen.DEAD_LETTER, f"{where}; the consumer rejected it: {reason}"
        if self.committed.get((topic, last.partition), 0) > last.position:
            return LastSeen.CONSUMER, f"{where}; the consumer committed it"
        return LastSeen.TOPIC, f"{where}; the consumer did not commit it"

    @property
    def _sink(self) -> LastSeen:
        mongodb = sink_type(self.pipeline) is SinkType.MONGODB
        return LastSeen.MONGODB if mongodb else LastSeen.SINK

    @property
    def _held(self) -> str:
        return HELD[sink_type(self.pipeline)][0]

    def _topic(self, table: str) -> str:
        return next(
            self.pipeline.topic(each) for each in self.pipeline.tables if each.table == table
        )
