"""The schema of a database as `pg_dump` writes it, divided into the objects that it creates."""

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.settings.table_name import TableName

# Names of roles, places, and services that the embedded PostgreSQL does not have.
_OPTIONS = (
    *("--schema-only", "--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions"),
    *("--no-tablespaces", "--no-security-labels", "--no-table-access-method"),
)
_LOCK_MILLISECONDS = 5000
_SECONDS = 120.0
# `pg_dump` only reads; with this option, PostgreSQL would refuse a change.
_READ_ONLY = "-c default_transaction_read_only=on"
_PER_MAJOR = 10_000
# pg_dump writes this comment before each object; a name in it has no line breaks.
_ENTRY = re.compile(
    r"^--\n-- Name: (?P<name>.*); Type: (?P<kind>[A-Z ]+); Schema: (?P<schema>.*); Owner: .*\n--\n",
    re.MULTILINE,
)
# Commands of psql, which no server understands: `\restrict` since August 2025.
_PSQL = re.compile(r"^\\(?:un)?restrict\b.*\n?", re.MULTILINE)
_END = re.compile(r"^--\n-- PostgreSQL database dump complete\n--\n", re.MULTILINE)
# Comments, and timeouts, some of which only the newest server has.
_LEFT_OUT = re.compile(r"--|SET \w*timeout\b")
_NO_SCHEMA = "-"
_TABLE = "TABLE"
_DENIED = "permission denied"
ALTERATION = f"ALTER {_TABLE}"
_ALTERATION = re.compile(r"(?<=;)\n(?=ALTER TABLE )")
_VERSION = re.compile(r"\d+")


@dataclass(frozen=True)
class DumpEntry:
    """The statements that create an object.

    Attributes:
        kind: What it is: `TABLE`, `FK CONSTRAINT`, `EXTENSION`; `ALTER TABLE` is a part of a table.
        name: Its name; that of a constraint or a trigger begins with its table's.
        schema: Its schema; empty if it is in none.
        text: The statements.
    """

    kind: str
    name: str
    schema: str
    text: str

    def __str__(self) -> str:
        """Return what it is, for a message: `table shop.orders`."""
        return f"{self.kind.lower()} {self.schema and self.schema + '.'}{self.name}"


@dataclass(frozen=True)
class Dump:
    """A dump.

    Attributes:
        settings: The statements before the first object: settings of the session.
        entries: The objects, in an order in which they can be created.
    """

    settings: str
    entries: tuple[DumpEntry, ...]


def find_pg_dump(embedded: Path, embedded_major: int, server_version: int) -> Path:
    """Return a `pg_dump` that reads a server: it must not be older than the server.

    Args:
        embedded: The `pg_dump` of the embedded PostgreSQL.
        embedded_major: Its major version.
        server_version: The server's version: 180006 is 18.6.

    Raises:
        StackFailure: There is none.
    """
    needed = server_version // _PER_MAJOR
    if embedded_major >= needed:
        return embedded
    installed = shutil.which("pg_dump")
    if installed is not None and _major(Path(installed)) >= needed:
        return Path(installed)
    raise StackFailure(
        f"the server is PostgreSQL {needed}, and there is no pg_dump of that version",
        hint=f"install the client programs of PostgreSQL {needed}, so that pg_dump is on PATH",
    )


def dump_schema(
    pg_dump: Path,
    dsn: str,
    excluded: Sequence[TableName] = (),
    excluded_schemas: Sequence[str] = (),
) -> Dump:
    """Return the schema of a database, without owners, privileges, and publications.

    Args:
        pg_dump: The program.
        dsn: The database.
        excluded: The tables to leave out, because the role cannot read them.
        excluded_schemas: The schemas to leave out, because the role cannot use them.

    Raises:
        StackFailure: pg_dump failed.
    """
    address = conninfo_to_dict(dsn)
    password = address.pop("password", None)
    options = f"{address.pop('options', '') or ''} {_READ_ONLY}".strip()
    with TemporaryDirectory(prefix="cdc-perf-") as folder:
        path = Path(folder) / "schema.sql"
        completed = process.run(
            [
                *(pg_dump, *_OPTIONS, f"--lock-wait-timeout={_LOCK_MILLISECONDS}"),
                *(f"--exclude-table={_pattern(*name)}" for name in excluded),
                *(f"--exclude-schema={_pattern(name)}" for name in excluded_schemas),
                *("--no-password", "--file", path),
                f"--dbname={make_conninfo('', **address, options=options)}",
            ],
            env={"PGPASSWORD": str(password)} if password else {},
            timeout_seconds=_SECONDS,
            check=False,
        )
        if completed.exit_code != 0:
            lines = completed.output.splitlines() or ["no output"]
            raise StackFailure(
                f"pg_dump failed: {lines[-1].removeprefix('pg_dump: ')}",
                hint="the role must be able to read every table" if _DENIED in lines[-1] else "",
                detail=tuple(lines[-10:-1]),
            )
        return parse_dump(path.read_text(encoding="utf-8"))


def parse_dump(text: str) -> Dump:
    """Divide the text that pg_dump wrote."""
    text = _END.split(_PSQL.sub("", text))[0]
    found = list(_ENTRY.finditer(text))
    ends = [*(each.start() for each in found), len(text)][1:]
    entries = tuple(
        entry
        for each, end in zip(found, ends, strict=True)
        for entry in _divided(
            DumpEntry(
                kind=each["kind"],
                name=each["name"],
                schema="" if each["schema"] == _NO_SCHEMA else each["schema"],
                text=text[each.end() : end].strip(),
            )
        )
    )
    head = text[: found[0].start()] if found else text
    settings = [line for line in head.splitlines() if line and not _LEFT_OUT.match(line)]
    return Dump("\n".join(settings), entries)


def _divided(entry: DumpEntry) -> Iterator[DumpEntry]:
    """Yield a table, then each statement that alters it.

    A server may refuse an option of a column that another one has.
    """
    first, *others = _ALTERATION.split(entry.text) if entry.kind == _TABLE else (entry.text,)
    yield replace(entry, text=first)
    for text in others:
        yield replace(entry, kind=ALTERATION, text=text)


def _pattern(*parts: str) -> str:
    """Return the pattern that matches only one name: a quoted part has no wildcards."""
    return ".".join('"{}"'.format(part.replace('"', '""')) for part in parts)


def _major(pg_dump: Path) -> int:
    found = _VERSION.search(process.run([pg_dump, "--version"]).output)
    return int(found[0]) if found else 0
