"""Thresholds on the changes of one operation or table, as k6 and the harness judge them."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.results.summary import Summary, read_summary
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.threshold_file import load_thresholds
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.verdict.k6_gates import points_gate, thresholds_agree_gate
from cdc_perf.verdict.points import summarize_points
from cdc_perf.verdict.threshold_result import judge_threshold
from tests.integration.inv import Inv, read

UPDATED = "cdc_e2e_latency{operation:update}"
WRITTEN = "pg_write_duration{operation:update}"
FAILED = "pg_write_errors{operation:update}"
# No change of the workload has this operation.
PAID = "cdc_success_rate{operation:pay}"
UNPAID = "pg_write_errors{operation:pay}"


@pytest.fixture
def inv(checkout: Checkout, stack: LocalStack) -> Iterator[Inv]:
    """The command in the checkout whose stack is up; its thresholds are put back."""
    assert stack.endpoints() is not None
    before = checkout.thresholds_file.read_bytes()
    yield Inv(checkout)
    checkout.thresholds_file.write_bytes(before)


@pytest.mark.slow
def test_a_threshold_on_one_operation_passes_breaks_or_has_no_data(inv: Inv) -> None:
    generous = {
        "cdc_e2e_latency": {"p50": 20_000},
        UPDATED: {"p50": 20_000},
        FAILED: {"count": 1000},
    }
    inv.set_limits({"mixed-workload": {**generous, WRITTEN: {"max": 0.001}}})
    load = ("--scenarios", "mixed-workload", "--duration", "10s", "--vus", "10")
    completed = inv.measured(*load)
    assert completed.exit_code == ExitCode.FAIL, completed.output
    run = inv.run_of(completed)
    judged = _judged(run)
    assert judged[UPDATED] == judged[FAILED] == judged["cdc_e2e_latency"] == (True, True)
    assert judged[WRITTEN] == (False, True)
    broken = f"{WRITTEN} max was "
    for file in ("summary.md", "report.html", "verdict.json"):
        assert broken in (run / file).read_text(encoding="utf-8")
    assert UPDATED in (run / "report.html").read_text(encoding="utf-8")
    suites = ET.parse(run / "junit.xml").getroot()  # noqa: S314
    (failure,) = (case for case in suites.iter("testcase") if case.find("failure") is not None)
    assert failure.attrib["name"] == f"{WRITTEN} max <= 0.001 ms"
    verdict = read(run / "mixed-workload" / "verdict.json")
    results = {result["metric"]: result for result in verdict["thresholds"]}
    assert 6 <= results[UPDATED]["samples"] < results["cdc_e2e_latency"]["samples"]
    assert results[UPDATED]["interval"]["low"] <= results[UPDATED]["observed"]
    assert {gate["name"]: gate["ok"] for gate in verdict["gates"]}["thresholds_agree"]

    inv.set_limits({"mixed-workload": {**generous, PAID: {"rate": 0.5}, UNPAID: {"count": 0}}})
    completed = inv.measured(*load)
    assert completed.exit_code == ExitCode.NO_DATA, completed.output
    judged = _judged(inv.run_of(completed))
    assert judged[UPDATED] == judged[FAILED] == (True, True)
    assert judged[PAID] == judged[UNPAID] == (None, False)
    assert f"{PAID} rate has no samples" in completed.output


def _judged(run: Path) -> dict[str, tuple[bool | None, bool]]:
    """Return by metric whether its threshold holds, and whether it has a value."""
    verdict = read(run / "mixed-workload" / "verdict.json")
    return {x["metric"]: (x["ok"], x["observed"] is not None) for x in verdict["thresholds"]}


# 210 iterations take turns: an insert of 100 ms into a table with an odd name, an update of 1 ms of
# another table, which fails, and an update of 9 ms there. The first ten are the warm-up.
_SCRIPT = """
import { Counter, Rate, Trend } from 'k6/metrics';
import './lib/pipeline.js';
import exec from 'k6/execution';
import { scenarioOptions } from './lib/options.js';

export { handleSummary } from './lib/report.js';

export const options = {
  ...scenarioOptions('baseline'),
  scenarios: { baseline: { executor: 'shared-iterations', vus: 1, iterations: 210 } },
};
const latency = new Trend('cdc_e2e_latency', true);
const success = new Rate('cdc_success_rate');
const errors = new Counter('pg_write_errors');
const CHANGES = [
  ['shop.Order: Items of 5', 'insert', 100],
  ['shop.orders', 'update', 1],
  ['shop.orders', 'update', 9],
];

export default function tagged() {
  const number = exec.scenario.iterationInTest;
  const [table, operation, value] = CHANGES[number % 3];
  const phase = number < 10 ? 'warmup' : 'steady';
  Object.assign(exec.vu.metrics.tags, { table, operation, phase });
  latency.add(value);
  success.add(value !== 1);
  if (value === 1) {
    errors.add(1);
  }
}
"""
# A colon and spaces are part of a value.
_ODD = "shop.Order: Items of 5"


def test_a_table_and_an_operation_select_the_samples_that_have_both(
    checkout: Checkout, k6: Path, tmp_path: Path
) -> None:
    shutil.copytree(checkout.k6, tmp_path / "k6")
    script = tmp_path / "k6" / "scripts" / "tagged.js"
    script.write_text(_SCRIPT, encoding="utf-8")
    expected = {
        "cdc_e2e_latency{table:shop.orders,operation:update}": ("p50<6", True, 5.0, 134),
        "cdc_e2e_latency{table:shop.orders}": ("p50<5", False, 5.0, 134),
        f"cdc_e2e_latency{{table:{_ODD}}}": ("p50<=100", True, 100.0, 66),
        f"cdc_e2e_latency{{table:{_ODD},operation:update}}": ("p50<=100", None, None, 0),
        "cdc_success_rate{operation:update}": ("rate>0.4", True, 0.5, 140),
        "cdc_success_rate{table:shop.orders}": ("rate>0.6", False, 0.5, 140),
        "pg_write_errors{operation:update}": ("count<=70", True, 70.0, 1),
        "pg_write_errors{operation:insert}": ("count<=0", True, 0.0, 1),
        "pg_write_errors{operation:delete}": ("count<=0", None, None, 0),
        "iterations{operation:insert}": ("count>=70", True, 70.0, 1),
    }
    limits = {key: {re.split("[<>]", text)[0]: text} for key, (text, *_) in expected.items()}
    content = {"default": {"cdc_success_rate": {"rate": 0.5}}, "baseline": limits}
    (tmp_path / "k6" / "thresholds.json").write_text(json.dumps(content), encoding="utf-8")
    points = tmp_path / "points.json.gz"
    process.run(
        [k6, "run", "--quiet", "--address", "", "--out", f"json={points}", script],
        cwd=tmp_path,
        env={
            "K6_AUTO_EXTENSION_RESOLUTION": "false",
            "K6_NO_USAGE_REPORT": "true",
            "CDC_SUMMARY": str(tmp_path / "summary.json"),
        },
        timeout_seconds=60,
        check=False,
    )
    summary = read_summary(tmp_path / "summary.json")
    assert isinstance(summary, Summary), summary
    changed = Checkout.at(tmp_path, {"RESULTS_DIR": str(tmp_path)})
    table = load_thresholds(changed, ["baseline"], load_metrics(checkout))
    _, *thresholds = table.thresholds_of("baseline")

    results = {x.metric: judge_threshold(x, summary).result for x in thresholds}
    assert {name: (found.ok, found.observed, found.samples) for name, found in results.items()} == {
        key: tuple(rest) for key, (_, *rest) in expected.items()
    }
    assert thresholds_agree_gate((*table.thresholds_of("baseline"),), summary).result.ok
    seen = summarize_points([points], tmp_path / "gauges", tmp_path / "series", thresholds, summary)
    assert points_gate(seen, summary).result.ok, points_gate(seen, summary)
