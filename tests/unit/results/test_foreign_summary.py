"""The three shapes of a summary that k6 writes by itself, and what may be wrong with one."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cdc_perf.results.foreign_summary import UNNAMED_CHECKS, ForeignSummary, read_any_summary
from cdc_perf.results.points.declared import Declared
from cdc_perf.results.summary import NoSummary, SummaryType, read_summary

GROUPS = {
    "name": "",
    "groups": [
        {
            "name": "outer",
            "groups": [{"name": "inner", "checks": [{"name": "c", "passes": 1, "fails": 2}]}],
            "checks": [{"name": "b", "passes": 0, "fails": 37}],
        }
    ],
    "checks": [{"name": "a", "passes": 3, "fails": 0}],
}
# k6 1.8.1, --new-machine-readable-summary, shortened.
MACHINE_READABLE: Mapping[str, Any] = {
    "config": {"duration": 2.0, "execution": "local", "script": "..."},
    "metadata": {"generated_at": "2026-11-28T12:03:01Z", "k6_version": "1.8.1"},
    "results": {
        "checks": {
            "metrics": [
                {
                    "name": "checks_total",
                    "type": "counter",
                    "contains": "default",
                    "values": {"count": 161},
                },
                {
                    "name": "checks_failed",
                    "type": "rate",
                    "contains": "default",
                    "values": {"matches": 71, "rate": 0.441, "total": 161},
                },
                {
                    "name": "checks_succeeded",
                    "type": "rate",
                    "contains": "default",
                    "values": {"matches": 90, "rate": 0.559, "total": 161},
                },
            ],
            "results": [{"name": "always", "passes": 90, "fails": 71}],
        },
        "metrics": [
            {
                "name": "my_time{name: a}",
                "type": "trend",
                "contains": "time",
                "values": {"avg": 9, "max": 18, "med": 8, "min": 0, "p90": 17.1, "p95": 18},
            },
            {
                "name": "data_sent",
                "type": "counter",
                "contains": "data",
                "values": {"count": 2930},
            },
            {
                "name": "my_gauge",
                "type": "gauge",
                "contains": "default",
                "values": {"max": 6, "min": 0, "value": 5},
            },
            {
                "name": "never_rate",
                "type": "rate",
                "contains": "default",
                "values": {"matches": 0, "rate": 0, "total": 0},
            },
        ],
    },
    "version": "1.0.0",
}


def read(folder: Path, content: object, **declared: Declared) -> ForeignSummary:
    path = folder / "mine.json"
    path.write_bytes(msgspec.json.encode(content))
    found = read_any_summary(path, declared)
    assert isinstance(found, ForeignSummary)
    return found


def test_the_machine_readable_summary(tmp_path: Path) -> None:
    found = read(tmp_path, MACHINE_READABLE)
    assert not found.judged
    assert (found.duration_ms, found.faults) == (2000, ())
    trend = found.metrics["my_time{name: a}"]
    assert (trend.type, trend.contains) == (SummaryType.TREND, "time")
    assert (trend.values["p(90)"], trend.values["p(95)"], trend.values["p(50)"]) == (17.1, 18, 8)
    assert found.metrics["data_sent"].values == {"count": 2930, "rate": 1465}
    assert found.metrics["my_gauge"].values == {"value": 5, "min": 0, "max": 6}
    assert found.metrics["never_rate"].values == {"passes": 0, "fails": 0}
    assert found.metrics["checks"].values == {"rate": 0.559, "passes": 90, "fails": 71}
    assert [(check.name, check.fails) for check in found.checks] == [("always", 71)]


def test_another_version_of_it_is_read_and_named(tmp_path: Path) -> None:
    found = read(tmp_path, {**MACHINE_READABLE, "version": "2.0.0"})
    assert "data_sent" in found.metrics
    assert len(found.faults) == 1


@pytest.mark.parametrize("as_export", [True, False])
def test_checks_in_groups_within_groups(tmp_path: Path, *, as_export: bool) -> None:
    def export(group: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            "name": group["name"],
            "checks": {check["name"]: check for check in group["checks"]},
            "groups": {below["name"]: export(below) for below in group.get("groups", ())},
        }

    groups = export(GROUPS) if as_export else GROUPS
    found = read(tmp_path, {"metrics": {}, "root_group": groups})
    assert {check.name: (check.passes, check.fails) for check in found.checks} == {
        "a": (3, 0),
        "outer::b": (0, 37),
        "outer::inner::c": (1, 2),
    }


def test_checks_without_a_name_are_counted(tmp_path: Path) -> None:
    metric = {
        "type": "rate",
        "contains": "default",
        "values": {"rate": 0.1, "passes": 4, "fails": 40},
    }
    found = read(tmp_path, {"metrics": {"checks": metric}, "root_group": GROUPS})
    unnamed = found.checks[-1]
    assert (unnamed.name, unnamed.passes, unnamed.fails) == (UNNAMED_CHECKS, 0, 1)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"avg": 1, "min": 1}, SummaryType.TREND),
        ({"min": 1, "p(99.9)": 2}, SummaryType.TREND),
        ({"min": 1, "max": 2}, SummaryType.TREND),
        ({"count": 400}, SummaryType.TREND),
        ({}, SummaryType.TREND),
        ({"count": 400, "rate": 5}, SummaryType.COUNTER),
        ({"value": 1, "min": 1, "max": 1}, SummaryType.GAUGE),
        ({"value": 0.5, "passes": 1, "fails": 1}, SummaryType.RATE),
    ],
)
def test_the_type_of_an_export(
    tmp_path: Path, values: Mapping[str, float], kind: SummaryType
) -> None:
    assert read(tmp_path, {"metrics": {"m": values}}).metrics["m"].type is kind


def test_what_k6_declared_decides(tmp_path: Path) -> None:
    declared = Declared(SummaryType.COUNTER, "data")
    found = read(tmp_path, {"metrics": {"m{a:b}": {"count": 400}}}, m=declared)
    metric = found.metrics["m{a:b}"]
    assert (metric.type, metric.contains) == (SummaryType.COUNTER, "data")


@pytest.mark.parametrize(
    ("name", "contains"),
    [("http_req_duration{a:b}", "time"), ("data_sent", "data"), ("mine", "")],
)
def test_an_export_does_not_say_what_k6_s_own_metrics_contain(
    tmp_path: Path, name: str, contains: str
) -> None:
    assert read(tmp_path, {"metrics": {name: {"avg": 1.0}}}).metrics[name].contains == contains


def test_what_is_not_understood_is_named_and_hides_nothing(tmp_path: Path) -> None:
    good = {"type": "gauge", "contains": "default", "values": {"value": 1}}
    metrics = {
        "good": good,
        "histogram": {
            **good,
            "type": "histogram",
            "thresholds": {"value<2": {"ok": False}},
        },
        "list": [1],
        "kind": {**good, "type": ["gauge"]},
        "text": {**good, "values": {"value": 1, "min": "x"}},
        "half": {**good, "thresholds": {"value<1": {"ok": None}, "value>0": {"ok": False}}},
        "odd": {**good, "thresholds": "value<1"},
        "null": {**good, "values": {"value": None}},
    }
    checks = [{"name": "c", "passes": 1, "fails": "x"}, {"name": "d", "passes": 0, "fails": 5}]
    found = read(tmp_path, {"metrics": metrics, "root_group": {"checks": checks}})
    assert set(found.metrics) == {"good", "text", "half", "odd", "null"}
    assert found.metrics["half"].thresholds == {"value>0": False}
    assert found.unclear == (("histogram", "value<2"), ("half", "value<1"), ("odd", ""))
    assert found.metrics["null"].values == {"value": None}
    assert [check.name for check in found.checks] == ["d"]
    for name in ("histogram", "list", "kind", "text", "'c'"):
        assert any(name in fault for fault in found.faults), name
    assert len(found.faults) == 5


def test_an_export_tells_how_long_it_took_by_its_counters(tmp_path: Path) -> None:
    assert (
        read(tmp_path, {"metrics": {"iterations": {"count": 400, "rate": 50}}}).duration_ms == 8000
    )


def test_the_metrics_alone_are_a_summary(tmp_path: Path) -> None:
    """JSON.stringify(data.metrics)."""
    gauge = {"type": "gauge", "contains": "time", "values": {"value": 5}}
    found = read(tmp_path, {"mine": {**gauge, "thresholds": {"value<1": {"ok": False}}}})
    assert found.metrics["mine"].thresholds == {"value<1": False}


def test_a_byte_order_mark_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(b"\xef\xbb\xbf" + msgspec.json.encode(MACHINE_READABLE))
    assert isinstance(read_any_summary(path), ForeignSummary)


def test_a_summary_of_this_project_that_is_broken_says_so(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(b'{"schema_version": 99, "metrics": {}}')
    found = read_any_summary(path)
    assert isinstance(found, NoSummary)
    assert "99" in found.reason


GIVEN: Mapping[str, Any] = {
    "metrics": {
        "m": {
            "type": "trend",
            "contains": "time",
            "values": {"avg": 1.0, "p(95)": 2.0},
            "thresholds": {"avg<1": {"ok": False}},
        }
    },
    "root_group": GROUPS,
    "state": {"testRunDurationMs": 5.0},
}
EXPORTED: Mapping[str, Any] = {
    "metrics": {
        "m": {"avg": 1.0, "p(95)": 2.0, "thresholds": {"avg<1": True}},
        "n": {"passes": 1, "fails": 2, "value": 0.3},
    },
    "root_group": {"checks": {"c": {"name": "c", "passes": 1, "fails": 2}}, "groups": {}},
}
JUNK: tuple[object, ...] = (
    None,
    True,
    -1,
    1.5,
    10**400,
    "x",
    [],
    [1],
    {},
    {"a": 1},
    [[]],
    {"metrics": {"m": []}},
)


def places(content: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - JSON
    """Return the way to every value within a document, and to the document."""
    found: list[tuple[Any, ...]] = [()]
    if isinstance(content, (Mapping, list)):
        items = content.items() if isinstance(content, Mapping) else enumerate(content)
        found += [(key, *way) for key, below in items for way in places(below)]
    return found


def spoiled(content: Any, way: tuple[Any, ...], junk: object) -> Any:  # noqa: ANN401 - JSON
    """Return a document with something else in one place."""
    if not way:
        return junk
    copy = dict(content) if isinstance(content, Mapping) else list(content)
    copy[way[0]] = spoiled(copy[way[0]], way[1:], junk)
    return copy


@pytest.mark.parametrize("shape", [GIVEN, EXPORTED, MACHINE_READABLE])
def test_no_junk_in_any_place_breaks_it(tmp_path: Path, shape: Mapping[str, Any]) -> None:
    path = tmp_path / "any.json"
    for way in places(shape):
        for junk in JUNK:
            path.write_text(json.dumps(spoiled(shape, way, junk)))
            found = read_any_summary(path)
            assert isinstance(found, (ForeignSummary, NoSummary))
            # An outcome that cannot be read is not one that holds.
            if way[-1:] == ("ok",) and not isinstance(junk, bool):
                assert isinstance(found, ForeignSummary)
                assert found.unclear == (("m", "avg<1"),)


def test_no_file_has_the_reason_of_this_project_s_summary(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    assert read_any_summary(path) == read_summary(path)
    path.mkdir()
    found = read_any_summary(path)
    assert isinstance(found, NoSummary)
    assert "cannot be read" in found.reason


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"7", b"[]", b"null"])
def test_another_kind_of_file_is_no_summary(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "summary.json"
    path.write_bytes(content)
    found = read_any_summary(path)
    assert isinstance(found, NoSummary)
    assert "is not a k6 summary" in found.reason


def test_groups_that_are_nested_too_deep_are_no_summary(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    groups = '{"groups":[' * 1200 + "]}" * 1200
    path.write_text(f'{{"metrics":{{}},"root_group":{groups}}}', encoding="utf-8")
    assert isinstance(read_any_summary(path), NoSummary)
