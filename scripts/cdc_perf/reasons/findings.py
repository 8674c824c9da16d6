"""What the data-loss check found, and its causes."""

from collections.abc import Sequence

from cdc_perf.reasons.reason import reason
from cdc_perf.wording import HELD, counted

# Singular and plural, by the kind of finding. {} is what the sink holds for a row.
_WORDS = {
    "missing": ("row is missing in the sink", "rows are missing in the sink"),
    "stale": ("{} has an older version of its row", "{} have an older version of their row"),
    "content": ("{} differs from its row", "{} differ from their row"),
    "extra": ("{} has no row", "{} have no row"),
    "resurrected": (
        "{} exists although its row was deleted",
        "{} exist although their row was deleted",
    ),
    "column_absent": (
        "row has a value in a column that no {} has",
        "rows have a value in a column that no {} has",
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
    sink: str,
) -> str:
    """Rows, what the sink holds for them, or events of a table are wrong in one way.

    `kind` and `sink` are those of integrity.json. `sample` is the id of the first one, empty if
    unknown; `last_seen` and `detail` say where it was seen last. `causes` has a sentence for each
    cause.
    """
    where = f", such as {sample}, last seen in {last_seen} ({detail})" if sample else ""
    one, many = _WORDS[kind]
    held, several = HELD[sink]
    # A column is absent in each of them: singular, however many rows have a value in it.
    words = one.format(held), many.format(held if kind == "column_absent" else several)
    return "; ".join([f"{table}: {counted(count, *words)}{where}", *causes])


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
    """A TRUNCATE explains documents without a row: only those of cdc-consumer show it."""
    return (
        f"{_cause(count, likely=likely)}: {table} was truncated: its data file was replaced, and "
        "each of these documents is older than every row; Debezium skips truncates "
        "(skipped.operations), so delete the documents"
    )


@reason
def column_added(*, table: str, column: str, count: int, likely: bool, sink: str) -> str:
    """An added column explains differences."""
    return (
        f"{_cause(count, likely=likely)}: column {column} was added to {table} with a default, "
        f"after these rows were written; {_no_event(sink)}"
    )


@reason
def column_dropped(*, table: str, column: str, count: int, likely: bool, sink: str) -> str:
    """A dropped column explains differences."""
    return (
        f"{_cause(count, likely=likely)}: column {column} of {table} was dropped; {_no_event(sink)}"
    )


@reason
def column_renamed(
    *, table: str, column: str, renamed_to: str, count: int, likely: bool, sink: str
) -> str:
    """A renamed column explains differences; `renamed_to` may be empty."""
    renamed = f"renamed to {renamed_to}" if renamed_to else "renamed"
    return (
        f"{_cause(count, likely=likely)}: column {column} of {table} was {renamed}; "
        f"{_no_event(sink)}"
    )


@reason
def column_rewritten(*, table: str, column: str, count: int, likely: bool, sink: str) -> str:
    """A column with another type or expression explains differences."""
    return (
        f"{_cause(count, likely=likely)}: column {column} of {table} has a new type or "
        f"expression; {_no_event(sink)}"
    )


def _cause(count: int, *, likely: bool) -> str:
    return f"{'likely cause' if likely else 'cause'} of {count:,}"


def _no_event(sink: str) -> str:
    return f"this has no event, and a {HELD[sink][0]} changes with the next event of its row"
