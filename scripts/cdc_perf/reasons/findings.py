"""What the data-loss check found, and its causes."""

from collections.abc import Sequence

from cdc_perf.reasons.reason import reason
from cdc_perf.wording import counted

# Singular and plural, by the kind of finding.
_WORDS = {
    "missing": ("row is missing in the sink", "rows are missing in the sink"),
    "stale": (
        "document has an older version of its row",
        "documents have an older version of their row",
    ),
    "content": (
        "document differs from its row",
        "documents differ from their row",
    ),
    "extra": ("document has no row", "documents have no row"),
    "resurrected": (
        "document exists although its row was deleted",
        "documents exist although their row was deleted",
    ),
    "column_absent": (
        "row has a value in a column that no document has",
        "rows have a value in a column that no document has",
    ),
    "event_missing": (
        "acknowledged write has no event in the topic",
        "acknowledged writes have no event in the topic",
    ),
    "vanished": (
        "acknowledged row is neither in PostgreSQL nor in the topic",
        "acknowledged rows are neither in PostgreSQL nor in the topic",
    ),
    "duplicate": (
        "change is in the topic more than once",
        "changes are in the topic more than once",
    ),
    "reordered": (
        "change comes after a later change of the same row",
        "changes come after a later change of the same row",
    ),
    "unreadable": ("record is not a row event", "records are not row events"),
    "dead_letter": (
        "record was sent to the dead-letter queue",
        "records were sent to the dead-letter queue",
    ),
}
_NO_EVENT = "this has no event, and a document changes with the next event of its row"


@reason
def rows_differ(
    *,
    kind: str,
    table: str,
    count: int,
    sample: str,
    last_seen: str,
    detail: str,
    causes: Sequence[str],
) -> str:
    """Rows, documents, or events of a table are wrong in one way.

    `kind` is that of integrity.json. `sample` is the id of the first one, empty if unknown;
    `last_seen` and `detail` say where it was seen last. `causes` has a sentence for each cause.
    """
    where = f", such as {sample}, last seen in {last_seen} ({detail})" if sample else ""
    return "; ".join([f"{table}: {counted(count, *_WORDS[kind])}{where}", *causes])


@reason
def topic_recreated(*, topic: str, partition: int) -> str:
    """The topic was created again, with other records."""
    return (
        f"{topic}, partition {partition}: the topic was re-created, so its events are unknown: "
        "run again"
    )


@reason
def topic_records_gone(*, topic: str, partition: int, records: int, why: str) -> str:
    """Retention or compaction (`why`) removed records of the run."""
    gone = counted(records, "record of this run was", "records of this run were")
    return (
        f"{topic}, partition {partition}: {gone} deleted by {why}, so it is unknown whether every "
        "write was there: keep the topic's records for longer than the run"
    )


@reason
def table_truncated(*, table: str, count: int, likely: bool) -> str:
    """A TRUNCATE explains documents without a row."""
    return (
        f"{_cause(count, likely=likely)}: {table} was truncated: its data file was replaced, and "
        "each of these documents is older than every row; Debezium skips truncates "
        "(skipped.operations), so delete the documents"
    )


@reason
def column_added(*, table: str, column: str, count: int, likely: bool) -> str:
    """An added column explains differences."""
    return (
        f"{_cause(count, likely=likely)}: column {column} was added to {table} with a default, "
        f"after these rows were written; {_NO_EVENT}"
    )


@reason
def column_dropped(*, table: str, column: str, count: int, likely: bool) -> str:
    """A dropped column explains differences."""
    return f"{_cause(count, likely=likely)}: column {column} of {table} was dropped; {_NO_EVENT}"


@reason
def column_renamed(*, table: str, column: str, renamed_to: str, count: int, likely: bool) -> str:
    """A renamed column explains differences; `renamed_to` may be empty."""
    now = f" to {renamed_to}" if renamed_to else ""
    return (
        f"{_cause(count, likely=likely)}: column {column} of {table} was renamed{now}; {_NO_EVENT}"
    )


@reason
def column_rewritten(*, table: str, column: str, count: int, likely: bool) -> str:
    """A column with another type or expression explains differences."""
    return (
        f"{_cause(count, likely=likely)}: column {column} of {table} has a new type or "
        f"expression; {_NO_EVENT}"
    )


def _cause(count: int, *, likely: bool) -> str:
    return f"{'likely cause' if likely else 'cause'} of {count:,}"
