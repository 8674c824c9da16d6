"""The history on disk."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from cdc_perf.results.history import (
    HistoryEntry,
    append,
    history_key,
    read_history,
    read_history_file,
)
from tests.unit.recorded_runs import MACHINE, manifest, row

NOW = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)


def entry(number: int, scenario: str = "baseline") -> HistoryEntry:
    return HistoryEntry(
        run_id=f"run-{number}",
        scenario=scenario,
        key="a",
        started=NOW + timedelta(minutes=number),
        commit="c" * 40,
        changed=False,
        verdict="PASS",
        figures={"e2e p95": 20.0 + number},
    )


def test_what_is_added_is_read_in_the_order_of_time(tmp_path: Path) -> None:
    append(tmp_path, [entry(2), entry(1, "spike")])
    append(tmp_path, [entry(1)])
    assert read_history(tmp_path, "baseline") == (entry(1), entry(2))
    assert read_history(tmp_path, "spike") == (entry(1, "spike"),)
    assert read_history(tmp_path / "elsewhere", "spike") == ()


@pytest.mark.parametrize("line", [b"{", b"\xff\n", b'{"schema_version":2}\n', b"\n"])
def test_a_line_that_is_no_entry_hides_no_other(tmp_path: Path, line: bytes) -> None:
    append(tmp_path, [entry(1)])
    with (tmp_path / "history.jsonl").open("ab") as stream:
        stream.write(line.rstrip(b"\n") + b"\n")
    append(tmp_path, [entry(2)])
    assert read_history(tmp_path, "baseline") == (entry(1), entry(2))
    assert read_history_file(tmp_path).unreadable == ((2,) if line.strip() else ())


def test_a_line_that_a_crash_cut_short_takes_no_other_with_it(tmp_path: Path) -> None:
    append(tmp_path, [entry(1)])
    whole = (tmp_path / "history.jsonl").read_bytes()
    (tmp_path / "history.jsonl").write_bytes(whole + whole[:40])
    append(tmp_path, [entry(2), entry(3)])
    read = read_history_file(tmp_path)
    assert read.entries == (entry(1), entry(2), entry(3))
    assert read.unreadable == (2,)


@pytest.mark.parametrize(
    "value", [b"null", b"NaN", b"Infinity", b"-Infinity", b"1e999", b"0", b"-1"]
)
def test_a_figure_that_is_no_measurement_is_left_out_and_its_run_kept(
    tmp_path: Path, value: bytes
) -> None:
    append(tmp_path, [msgspec.structs.replace(entry(1), figures={"e2e p50": 5.0, "e2e p95": 7.5})])
    path = tmp_path / "history.jsonl"
    path.write_bytes(path.read_bytes().replace(b"7.5", value))
    read = read_history_file(tmp_path)
    assert [x.figures for x in read.entries] == [{"e2e p50": 5.0}]
    assert read.unreadable == ()


def test_a_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    append(tmp_path, [entry(1), entry(2)])
    path = tmp_path / "history.jsonl"
    path.write_bytes(path.read_bytes().replace(b"Z", b"", 1))
    assert read_history(tmp_path, "baseline") == (entry(1), entry(2))


def test_the_key_is_that_of_machine_stack_and_load() -> None:
    made = manifest([row("baseline")])
    key = history_key(made, made.scenarios[0])
    versions = msgspec.structs.replace(made.versions, commit="d" * 40)
    for same in (
        msgspec.structs.replace(made, versions=versions),
        msgspec.structs.replace(made, machine=msgspec.structs.replace(MACHINE, python="3.14.0")),
    ):
        assert history_key(same, same.scenarios[0]) == key
    for other in (
        manifest([row("baseline")], duration=61),
        manifest([row("baseline")], stack="compose"),
        manifest([row("spike")]),
        msgspec.structs.replace(made, machine=msgspec.structs.replace(MACHINE, cores=8)),
    ):
        assert history_key(other, other.scenarios[0]) != key


def test_an_entry_of_another_version_is_not_read(tmp_path: Path) -> None:
    append(tmp_path, [msgspec.structs.replace(entry(1), schema_version=2), entry(2)])
    read = read_history_file(tmp_path)
    assert (read.entries, read.unreadable) == ((entry(2),), (1,))
