"""The points of a scenario in a temporary database."""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cdc_perf.results.points.declared import Declared, declared_of
from cdc_perf.results.points.gzip_lines import FileDefect, GzipLines
from cdc_perf.results.summary import SummaryType
from cdc_perf.wording import counted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_THREADS = 4
_MEMORY = "800MB"
# Bytes of text to parse at a time, while as much is inflated.
_CHUNK = 128 << 20
# Of one line, in bytes; duckdb's buffers are twice as large, one or more per thread.
_LONGEST_LINE = 1 << 20

# A column for each field of both kinds of line in k6's JSON output, in any order:
# https://grafana.com/docs/k6/latest/results-output/real-time/json/
_LINES = f"""
    FROM read_json(
        $path, format = 'newline_delimited', compression = 'none', ignore_errors = true,
        maximum_object_size = {_LONGEST_LINE},
        columns = {{
            metric: 'VARCHAR', type: 'VARCHAR',
            data: 'STRUCT("time" VARCHAR, value DOUBLE, tags JSON, "type" VARCHAR,
                contains VARCHAR, thresholds JSON, submetrics JSON)'
        }})
"""
# TIMESTAMPTZ, because duckdb's TIMESTAMP silently drops an offset.
_INSERT = f"""
    INSERT INTO line
    SELECT
        $number,
        metric,
        CASE WHEN type = 'Point' THEN data.value END,
        CASE WHEN type = 'Point' THEN epoch_us(try_cast(data."time" AS TIMESTAMPTZ)) END,
        CASE WHEN type = 'Point' THEN coalesce(data.tags::VARCHAR, '{{}}') END,
        CASE WHEN type = 'Metric' THEN data."type" END,
        CASE WHEN type = 'Metric' THEN data.contains END,
        CASE WHEN type = 'Metric' THEN data.thresholds::VARCHAR END,
        CASE WHEN type = 'Metric' THEN data.submetrics::VARCHAR END
    {_LINES}
"""
# The database is never opened again, and a checkpoint at its end would take memory for all of it.
# A line that is neither a point nor the declaration of a metric could not be read.
_TABLES = """
    PRAGMA disable_checkpoint_on_shutdown;
    CREATE TABLE line (
        file SMALLINT, metric VARCHAR, value DOUBLE, microseconds BIGINT, tags VARCHAR,
        declared VARCHAR, contains VARCHAR, thresholds VARCHAR, submetrics VARCHAR
    );
    CREATE VIEW point AS
        SELECT file, metric, value, microseconds, tags FROM line
        WHERE metric IS NOT NULL AND value IS NOT NULL AND microseconds IS NOT NULL;
    CREATE VIEW declaration AS
        SELECT
            metric, min(declared) AS declared, min(contains) AS contains,
            max(coalesce(thresholds, '')) AS thresholds, max(coalesce(submetrics, '')) AS submetrics
        FROM line WHERE metric IS NOT NULL AND declared IS NOT NULL GROUP BY ALL;
"""
# One pass over all points; queries by metric and tags add up these rows.
_TALLY = """
    CREATE TABLE tally AS
        SELECT
            metric, tags, count(*) AS count, fsum(value) AS total, min(value) AS least,
            max(value) AS largest, count(*) FILTER (value <> 0) AS passes,
            min(microseconds) AS first, max(microseconds) AS last
        FROM point GROUP BY ALL;
"""


@dataclass(frozen=True)
class Points:
    """Every point of one scenario, or of its segments on several load generators.

    Attributes:
        types: k6's type of each declared metric.
        damage: What is missing; empty if every file is complete.
        connection: The database: view `point` (file, metric, value, microseconds since the epoch,
            tags as JSON text); table `tally` (one row for each metric and text of tags, of which
            there are few: count, total, least, largest, passes, first, last); view `declaration`
            (metric, declared: its type, contains, thresholds, submetrics).
        folder: For files that are needed as long as the points are.
        declared: k6's declaration of each metric.
    """

    types: Mapping[str, SummaryType]
    damage: tuple[FileDefect, ...]
    connection: "DuckDBPyConnection"
    folder: Path
    declared: Mapping[str, Declared] = field(default_factory=dict)

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        return self.connection.execute(query, parameters).fetchall()


@contextmanager
def read_points(paths: Sequence[Path]) -> Iterator[Points]:
    """Read the points of a scenario from one or several files.

    This module inflates the files, and duckdb parses them in chunks of complete lines: duckdb's own
    gzip reader fails at the end of a truncated file and ignores checksums. The database is a
    temporary file (a twentieth of the text), so that memory does not grow with the input.

    Args:
        paths: Gzipped files of k6's JSON output; their points are one set.
    """
    with (
        TemporaryDirectory(prefix="cdc-perf-points-") as name,
        _connection(Path(name)) as connection,
    ):
        folder = Path(name)
        connection.execute(_TABLES)
        connection.begin()
        damage = [
            found for number, path in enumerate(paths) if (found := _load(connection, path, number))
        ]
        connection.execute(_TALLY)
        connection.commit()
        declared = _declared(connection)
        types = {metric: found.type for metric, found in declared.items() if found.type is not None}
        yield Points(types, tuple(damage), connection, folder, declared)


def time_of(microseconds: int) -> datetime:
    """Return the time, UTC, of microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=microseconds)


def sql_text(value: str) -> str:
    """Return a text as an SQL literal, for places that cannot have a parameter."""
    return "'" + value.replace("'", "''") + "'"


def _connection(folder: Path) -> "DuckDBPyConnection":
    import duckdb  # noqa: PLC0415 - takes 0.1 s, and commands that read no points do not need it

    return duckdb.connect(
        folder / "points.duckdb",
        config={
            "threads": min(_MOST_THREADS, os.cpu_count() or 1),
            "memory_limit": _MEMORY,
            "temp_directory": str(folder / "spilled"),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        },
    )


def _load(connection: "DuckDBPyConnection", path: Path, number: int) -> FileDefect | None:
    """Add the points of file `number`; return what is missing from it."""
    lines = GzipLines(path)
    # One thread inflates while duckdb's threads parse; neither holds the GIL.
    with _memory_files(2) as files, ThreadPoolExecutor(1) as other:
        upcoming = other.submit(lines.write, files[0], _CHUNK)
        for current, following in pairwise(cycle(files)):
            if not upcoming.result():
                break
            upcoming = other.submit(lines.write, following, _CHUNK)
            connection.execute(_INSERT, {"number": number, "path": f"/proc/self/fd/{current}"})
    ((read, declarations),) = connection.execute(
        "SELECT count(*), count(declared) FROM line WHERE file = ?", [number]
    ).fetchall()
    ((points, last),) = connection.execute(
        "SELECT count(*), max(microseconds) FROM point WHERE file = ?", [number]
    ).fetchall()
    faults = list(lines.faults)
    if unreadable := read - declarations - points:
        faults.append(f"has {counted(unreadable, 'line')} without a point")
    if not faults:
        return None
    until = time_of(last) if last is not None else None
    return FileDefect(number, path.name, " and ".join(faults), points, until)


@contextmanager
def _memory_files(count: int) -> Iterator[list[int]]:
    """Yield descriptors of files in memory, which need no cleanup after a kill."""
    descriptors = [os.memfd_create("points") for _ in range(count)]
    try:
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _declared(connection: "DuckDBPyConnection") -> dict[str, Declared]:
    found = connection.execute(
        "SELECT metric, declared, contains, thresholds, submetrics FROM declaration"
    ).fetchall()
    return {metric: declared_of(*columns) for metric, *columns in found}
