"""One run against another."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.report.compare import compare_runs
from cdc_perf.runs.loader import read_results
from cdc_perf.runs.run_set import RunSet
from tests.unit.measured import way
from tests.unit.recorded_runs import FAST, gone, manifest, row, spoil, write_run

SCENARIOS = ("health-check", "baseline", "spike", "soak")


def recorded(folder: Path) -> RunSet:
    return read_results(folder, SCENARIOS)


def test_what_can_be_compared_is_and_what_cannot_is_reported(tmp_path: Path) -> None:
    base = [row("baseline"), row("spike"), row("soak")]
    head = [row("baseline", FAST), gone("spike"), row("health-check")]
    comparison = compare_runs(
        recorded(write_run(tmp_path, base, 1)), recorded(write_run(tmp_path, head, 2))
    )
    lines = comparison.text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert ["baseline", "e2e p95, ms", "51.2", "540", "40", "600", "-21.9%"] in rows
    assert lines[-2:] == [
        "spike: not comparable: no summary in this run",
        "soak: not comparable: only in BASE",
    ]
    assert "One run compared with one run" in comparison.text()
    content = json.loads(comparison.json())
    assert content["not_comparable"] == {"spike": "no summary in this run", "soak": "only in BASE"}
    p95 = next(x for x in content["scenarios"]["baseline"] if x["figure"] == "e2e p95, ms")
    assert p95["before"] == {"value": 51.2, "samples": 540}


def test_the_hop_that_moved_is_named(tmp_path: Path) -> None:
    base, head = (
        write_run(tmp_path, [replace(row("baseline"), hops=hops)], number)
        for number, hops in enumerate((way(1, 2, 3, 4), way(1, 2, 3.5, 14)), start=1)
    )
    comparison = compare_runs(recorded(base), recorded(head))
    assert (
        "- baseline: e2e p50 36.4 ms (unchanged), e2e p95 51.2 ms (unchanged), PASS → PASS; "
        "mean from commit to MongoDB: +10.5 ms; largest change: consumer to MongoDB, +10 ms"
    ) in comparison.text()
    rows = [[x.strip() for x in line.split("|")] for line in comparison.text().splitlines()]
    told = ["consumer to MongoDB mean, ms", "4", "540", "14", "540", "+250.0%"]
    assert any(row[2:8] == told for row in rows)
    figures = [x["figure"] for x in json.loads(comparison.json())["scenarios"]["baseline"]]
    assert "commit to MongoDB p95, ms" in figures


def test_a_run_without_hops_still_compares(tmp_path: Path) -> None:
    with_hops = write_run(tmp_path, [replace(row("baseline"), hops=way(1, 2, 3, 4))], 1)
    without = write_run(tmp_path, [row("baseline")], 2)
    text = compare_runs(recorded(without), recorded(with_hops)).text()
    assert "e2e p95, ms" in text
    assert "Debezium" not in text


def test_another_load_is_no_base(tmp_path: Path) -> None:
    rows = [row("baseline")]
    long = write_run(tmp_path, rows, 2, manifest(rows, 2, duration=120))
    comparison = compare_runs(recorded(write_run(tmp_path, rows, 1)), recorded(long))
    assert comparison.text() == (
        "baseline: not comparable: different load\n\n"
        "Other differences:\n\n"
        "- `load of baseline`: `10 virtual users, 1m` → `10 virtual users, 2m`"
    )


def test_two_runs_without_a_common_scenario(tmp_path: Path) -> None:
    one, other = write_run(tmp_path, [row("baseline")], 1), write_run(tmp_path, [row("spike")], 2)
    with pytest.raises(
        UsageFailure, match="no scenario in common: BASE has baseline, HEAD has spike"
    ):
        compare_runs(recorded(one), recorded(other))


def test_a_run_that_cannot_be_read(tmp_path: Path) -> None:
    one, other = write_run(tmp_path, [row("baseline")], 1), write_run(tmp_path, [row("spike")], 2)
    spoil(other / "run.json", schema_version=99)
    with pytest.raises(UsageFailure, match=r"HEAD: .*: run\.json has schema version 99"):
        compare_runs(recorded(one), recorded(other))


def test_a_setting_of_the_connector_that_differs_is_reported(tmp_path: Path) -> None:
    rows = [row("baseline")]
    base, head = (
        write_run(
            tmp_path,
            rows,
            number,
            msgspec.structs.replace(
                manifest(rows, number), connector={"poll.interval.ms": interval}
            ),
        )
        for number, interval in enumerate(("5", "500"))
    )
    comparison = compare_runs(recorded(base), recorded(head))
    assert comparison.text().endswith(
        "Other differences:\n\n- `connector poll.interval.ms`: `5` → `500`"
    )
    assert json.loads(comparison.json())["differences"] == [
        {"name": "connector poll.interval.ms", "before": "5", "now": "500"}
    ]
