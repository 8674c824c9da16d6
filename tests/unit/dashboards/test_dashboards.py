"""The dashboards: those committed are current, and every expression is PromQL."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from cdc_perf.ci.drift import find_drift
from cdc_perf.dashboards.generate import FOLDER, dashboards
from cdc_perf.settings.paths import Checkout

CURRENT = dashboards()
BOARDS = {Path(p).stem: json.loads(t) for p, t in CURRENT.wanted.items() if p.endswith(".json")}
RULES = Checkout.here().prometheus / "rules"
# What Grafana puts in the place of its variables.
VALUES = {
    "$__rate_interval": "4s",
    "$__range": "15m",
    "$window": "1m",
    "$shift": "1ms",
    "$test_run_id": "(r1|r2)",
    "$scenario": ".+",
    "$base_run_id": "r1",
}
PANELS = [
    pytest.param(board, panel, id=f"{name}: {panel['title']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
]


def filled(expression: str) -> str:
    for name, value in VALUES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def test_the_committed_files_are_current() -> None:
    assert not find_drift(Checkout.here().root, CURRENT), "run: inv dashboards"


def test_each_file_of_the_folder_is_a_generated_one() -> None:
    root = Checkout.here().root
    there = {str(x.relative_to(root)) for x in (root / FOLDER).rglob("*") if x.is_file()}
    assert there == set(CURRENT.wanted)


@pytest.mark.parametrize(("board", "panel"), PANELS)
def test_a_panel_asks_what_can_be_asked(board: dict[str, Any], panel: dict[str, Any]) -> None:
    assert panel["targets"]
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    for target in panel["targets"]:
        promql_parser.parse(filled(target["expr"]))
        assert target["datasource"] == {"type": "prometheus", "uid": "prometheus"}
        # A query is either one over time or one for now.
        assert bool(target.get("range")) != bool(target.get("instant"))
    references = [target["refId"] for target in panel["targets"]]
    assert references == sorted(set(references))


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_can_be_provisioned(name: str) -> None:
    board = BOARDS[name]
    assert board["uid"] == name
    assert board["schemaVersion"] > 30
    assert "dashboard" not in board, "wrapped as for the API, which provisioning does not read"
    numbers = Counter(panel["id"] for panel in board["panels"])
    assert set(numbers.values()) == {1}
    known = {variable["name"] for variable in board["templating"]["list"]}
    assert {f"${name}" for name in known} == VALUES.keys() - {"$__rate_interval", "$__range"}


@pytest.mark.parametrize("name", BOARDS)
def test_the_library_reads_it_back_as_it_was(name: str) -> None:
    read = dashboard.Dashboard.from_json(BOARDS[name])
    again = json.loads(json.dumps(read, cls=JSONEncoder))
    assert again["panels"] == BOARDS[name]["panels"]
    assert again["templating"] == BOARDS[name]["templating"]


@pytest.mark.parametrize("name", BOARDS)
def test_panels_do_not_overlap(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in BOARDS[name]["panels"]:
        at = panel["gridPos"]
        x, y, width, height = (at.get(key, 0) for key in "xywh")
        cells = {(c, r) for c in range(x, x + width) for r in range(y, y + height)}
        assert x + width <= 24
        assert not cells & taken
        taken |= cells


@pytest.mark.parametrize("name", BOARDS)
def test_an_annotation_stands_at_the_time_that_its_value_is_or_spans_a_fault(name: str) -> None:
    annotations = BOARDS[name]["annotations"]["list"]
    assert [x["name"] for x in annotations] == ["Start", "End", "Component ended", "Fault"]
    for annotation in annotations:
        promql_parser.parse(filled(annotation["expr"]))
        is_region = annotation["name"] == "Fault"
        assert annotation["expr"].startswith("cdc_perf_fault_active{" if is_region else "1000 * ")
        assert annotation["useValueForTime"] is not is_region


def test_the_plans_ten_panels_are_there_in_their_order() -> None:
    titles = [panel["title"] for panel in BOARDS["k6-results"]["panels"]]
    assert titles[:10] == [
        *("Virtual Users", "Request Rate", "CDC E2E Latency", "Success Rate", "Error Count"),
        *("PostgreSQL Write Latency", "MongoDB Read Latency", "Records Processed"),
        *("Documents Found", "Threshold Status"),
    ]


@pytest.mark.parametrize("path", sorted(RULES.glob("*.yml")), ids=lambda path: path.name)
def test_every_rule_is_promql(path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group in content["groups"]:
        for rule in group["rules"]:
            promql_parser.parse(rule["expr"])
