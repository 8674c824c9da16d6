"""k6's ledger: the writes that PostgreSQL acknowledged, one per line.

`c<tab>public.customer<tab>0b9c...`: operation (`c`, `u`, `d`), table, key. k6 writes each line as
soon as the transaction is committed (k6/extension/ledger.go), so a killed k6 loses none.
Tabs, line ends, and backslashes in names and keys are escaped, as in PostgreSQL's COPY
(https://www.postgresql.org/docs/current/sql-copy.html).
"""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cdc_perf.settings.table_name import TableName

_ESCAPE = re.compile(r"\\([tnr\\])")
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}
OPERATIONS = frozenset(("c", "u", "d"))


class AcknowledgedWrite(msgspec.Struct, frozen=True):
    """A write of one row that PostgreSQL acknowledged."""

    op: str
    table: str
    id: str


def read_ledger(path: Path) -> Iterator[AcknowledgedWrite]:
    """Yield the lines of a ledger, without a truncated last line; none if there is no file."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            op, table, key = (*line.rstrip("\n").split("\t"), "", "")[:3]
            if line.endswith("\n") and op in OPERATIONS and table and key:
                yield AcknowledgedWrite(op, _in_one_spelling(_unescaped(table)), _unescaped(key))


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _LETTERS[found[1]], text)


def _in_one_spelling(table: str) -> str:
    """Return a script's table name in the spelling of pipeline.toml's parsed names."""
    try:
        return str(TableName.parse(table))
    except ValueError:
        return table
