"""k6's ledger: the writes that PostgreSQL acknowledged, and when k6 saw them in the sink.

One per line, its fields separated by tabs; the times are microseconds since the epoch on the
generator's clock:

- `c<tab>public.customer<tab>0b9c...<tab>1764022834123456`: a write. Operation (`c`, `u`, `d`),
  table, key, and when PostgreSQL acknowledged it. Old ledgers have no time.
- `s<tab>public.customer<tab>0b9c...<tab>1764022834140000<tab>c`: an arrival. Table, key, when k6
  saw the expected state in the sink, and the operation that it waited for.

k6 writes each line as soon as the transaction is committed or the state is there
(k6/extension/ledger.go), so a killed k6 loses none, and an arrival follows its write. Tabs, line
ends, and backslashes in names and keys are escaped, as in PostgreSQL's COPY
(https://www.postgresql.org/docs/current/sql-copy.html).
"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cdc_perf.settings.table_name import TableName

_ESCAPE = re.compile(r"\\([tnr\\])")
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
_TIME = re.compile(r"[1-9][0-9]{0,17}")
OPERATIONS = frozenset(("c", "u", "d"))


class AcknowledgedWrite(msgspec.Struct, frozen=True):
    """A write of one row that PostgreSQL acknowledged.

    Attributes:
        op: The operation.
        table: The table.
        id: The `_id` of the row.
        at_us: When, in microseconds since the epoch; None if unknown.
        line: The number of its line: the lines of a ledger are in the order of what they note.
    """

    op: str
    table: str
    id: str
    at_us: int | None = None
    line: int = 0


class Arrival(msgspec.Struct, frozen=True):
    """The expected state of a row in the sink, which k6 waited for.

    Attributes:
        op: The operation that leads to the state.
        table: The table.
        id: The `_id` of the row.
        at_us: When k6 saw the state, in microseconds since the epoch.
        line: The number of its line, as of a write.
    """

    op: str
    table: str
    id: str
    at_us: int
    line: int = 0


def read_ledger(path: Path) -> Iterator[AcknowledgedWrite | Arrival]:
    """Yield the lines of a ledger, without a truncated last line; none if there is no file."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            entry = parse_line(line.rstrip("\n"), number) if line.endswith("\n") else None
            if entry is not None:
                yield entry


def parse_line(text: str, line: int) -> AcknowledgedWrite | Arrival | None:
    """Return what a line says; None if it is neither a write nor an arrival.

    Args:
        text: The line, without its end.
        line: Its number.
    """
    match text.split("\t"):
        case [op, table, key, *time] if op in OPERATIONS and len(time) <= 1 and table and key:
            at = _time(time[0]) if time else None
            return AcknowledgedWrite(op, _table(table), _unescaped(key), at, line)
        case ["s", table, key, time, op] if op in OPERATIONS and table and key:
            at = _time(time)
            return None if at is None else Arrival(op, _table(table), _unescaped(key), at, line)
        case _:
            return None


def _time(text: str) -> int | None:
    return int(text) if _TIME.fullmatch(text) else None


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _LETTERS[found[1]], text)


def _table(name: str) -> str:
    """Return a script's table name in the spelling of pipeline.toml's parsed names."""
    name = _unescaped(name)
    try:
        return str(TableName.parse(name))
    except ValueError:
        return name
