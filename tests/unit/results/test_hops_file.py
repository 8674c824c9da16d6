"""hops.json is read whole or not at all; the message names the defect."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cdc_perf.results.hops import Hops, read_hops_file
from cdc_perf.settings.hops import RECORD_HOPS
from tests.unit.measured import way

HOPS = way(1.0, 2.0, 3.0, 4.0)


def written(folder: Path, **changes: object) -> Path:
    """Write a valid file with some fields changed."""
    path = folder / "hops.json"
    content: dict[str, Any] = json.loads(msgspec.json.encode(HOPS))
    path.write_text(json.dumps({**content, **changes}), encoding="utf-8")
    return path


def rows(hops: Hops) -> list[Any]:
    return list(json.loads(msgspec.json.encode(hops.hops)))


def test_what_was_written_is_read(tmp_path: Path) -> None:
    assert read_hops_file(written(tmp_path)) == HOPS


def test_a_run_without_hops_has_no_file(tmp_path: Path) -> None:
    assert read_hops_file(tmp_path / "hops.json") is None


def test_a_scenario_may_lack_some_hops(tmp_path: Path) -> None:
    found = read_hops_file(written(tmp_path, hops=rows(HOPS)[1:]))
    assert found is not None
    assert found.hops == HOPS.hops[1:]


def test_the_hops_of_a_pipeline_without_the_consumer_are_read(tmp_path: Path) -> None:
    hops = way(1.0, 2.0, 3.0, sequence=RECORD_HOPS)
    found = read_hops_file(written(tmp_path, hops=rows(hops)))
    assert found is not None
    assert [each.hop for each in found.hops][-2:] == ["kafka_to_sink", "total"]
    assert found.total == hops.hops[-1]


def unknown_hop(hops: Hops) -> list[Any]:
    first, *others = rows(hops)
    return [{**first, "hop": "elsewhere"}, *others]


@pytest.mark.parametrize(
    ("changes", "defect"),
    [
        pytest.param({"schema_version": 2}, "schema version 2", id="version"),
        pytest.param({"events": -1}, "events", id="number"),
        pytest.param({"hops": rows(HOPS)[::-1]}, "wrong order", id="order"),
        pytest.param({"hops": rows(HOPS)[:1] * 2}, "wrong order", id="twice"),
        pytest.param(
            {"hops": [*rows(HOPS)[:-1], *rows(way(1, 2, 3, sequence=RECORD_HOPS))[-2:]]},
            "wrong order",
            id="of both kinds of pipeline",
        ),
        pytest.param({"hops": unknown_hop(HOPS)}, "wrong order", id="unknown"),
        pytest.param({"missing": " " * 2_000_000}, "2,000,000 bytes", id="size"),
    ],
)
def test_a_file_with_a_defect(tmp_path: Path, changes: dict[str, object], defect: str) -> None:
    with pytest.raises(ValueError, match=rf"hops\.json .*{defect}"):
        read_hops_file(written(tmp_path, **changes))


def test_a_file_that_is_not_json(tmp_path: Path) -> None:
    path = tmp_path / "hops.json"
    path.write_bytes(b"[" * 100_000)
    with pytest.raises(ValueError, match=r"hops\.json"):
        read_hops_file(path)


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "hops.json"
    path.mkdir()
    with pytest.raises(ValueError, match=r"hops\.json cannot be read: Is a directory"):
        read_hops_file(path)
