"""Scripts that leave no evidence, on the real stack: none of them passes."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.inv import Inv, read

pytestmark = pytest.mark.slow

SHAPE = {"executor": "constant-vus", "vus": 5, "duration": "6s"}
LIBRARY = """
import { begin, iterate, think } from './lib/pipeline.js';
import { scenarioOptions } from './lib/options.js';
export { handleSummary } from './lib/report.js';
export const options = scenarioOptions('custom');
export const setup = () => begin('public.customer', 'public.address');
function inserted(name, id, values) {
  const columns = Object.keys(values);
  const table = `public.${name}`;
  const places = columns.map((_, index) => `$${index + 2}`);
  const sql = `INSERT INTO ${table} (id, ${columns}) VALUES ($1, ${places})`;
  const row = { op: 'c', table, key: id };
  const statements = [{ sql, args: [id, ...Object.values(values)], row }];
  return { operation: 'insert', op: 'c', statements, inserted: 1, table, id, fields: values };
}
function createCustomer() {
  const id = crypto.randomUUID();
  return inserted('customer', id, { email: `${id}@example.test`, status: 'active' });
}
function addAddress(customer_id) {
  const place = { city: 'Bern', postal_code: '3000', country: 'CH' };
  const values = { customer_id, street: 'Main Street', ...place };
  return inserted('address', crypto.randomUUID(), values);
}
"""
# Nine of ten iterations throw before they do anything.
THROWS = """
let count = 0;
export default function custom() {
  iterate(() => {
    count += 1;
    if (count % 10) { throw new Error('no such field'); }
    return createCustomer();
  });
  think();
}
"""
ALL_THROW = "export default function custom() { missing(); }"
REFUSED = """
export default function custom() {
  iterate(() => addAddress(crypto.randomUUID()));
  think();
}
"""
UNNAMED = """
export default function custom() {
  iterate(() => {
    const change = createCustomer();
    const statements = change.statements.map(({ sql, args }) => ({ sql, args }));
    return { ...change, inserted: 0, statements };
  });
  think();
}
"""


@pytest.fixture
def inv(checkout: Checkout, stack: LocalStack) -> Iterator[Inv]:
    before = {
        path: path.read_bytes() for path in (checkout.thresholds_file, checkout.scenarios_file)
    }
    scenarios = json.loads(before[checkout.scenarios_file])
    scenarios["custom"] = {
        "description": "of a user",
        "think_time_seconds": 0.2,
        "in_all": False,
        "options": SHAPE,
    }
    checkout.scenarios_file.write_text(json.dumps(scenarios), encoding="utf-8")
    # Scripts of the pipeline's own, which import the library of the tool.
    checkout.own_scripts.mkdir()
    (checkout.own_scripts / "custom-test.js").touch()
    yield Inv(checkout)
    for path, content in before.items():
        path.write_bytes(content)
    shutil.rmtree(checkout.own_scripts)


def measured(inv: Inv, script: str) -> Path:
    """Run a custom scenario that has no threshold of its own, and return its folder."""
    (inv.checkout.own_scripts / "custom-test.js").write_text(LIBRARY + script, encoding="utf-8")
    inv.set_limits({})
    return inv.run_of(inv.measured("--scenarios", "custom")) / "custom"


@pytest.mark.parametrize(
    ("script", "code", "red"),
    [
        pytest.param(THROWS, ExitCode.FAIL, "iterations", id="most iterations throw"),
        pytest.param(ALL_THROW, ExitCode.FAIL, "iterations", id="every iteration throws"),
        pytest.param(REFUSED, ExitCode.FAIL, "cdc_success_rate", id="every write is refused"),
        pytest.param(UNNAMED, ExitCode.INVALID, "ledger", id="no row is named"),
    ],
)
def test_a_script_without_evidence_does_not_pass(
    inv: Inv, script: str, code: ExitCode, red: str
) -> None:
    verdict = read(measured(inv, script) / "verdict.json")
    assert verdict["exit_code"] == code, verdict["reasons"]
    results = {
        **{gate["name"]: gate["ok"] for gate in verdict["gates"]},
        **{limit["metric"]: limit["ok"] for limit in verdict["thresholds"]},
    }
    assert results[red] is False


def test_an_iteration_that_throws_is_a_failure_in_the_figures(inv: Inv) -> None:
    folder = measured(inv, THROWS)
    rate = read(folder / "summary.json")["metrics"]["cdc_success_rate"]["values"]
    iterations = read(folder / "summary.json")["metrics"]["iterations"]["values"]["count"]
    assert rate["passes"] + rate["fails"] >= iterations
    assert 0.05 < rate["rate"] < 0.2
    (gate,) = (x for x in read(folder / "verdict.json")["gates"] if x["name"] == "iterations")
    assert "no such field" in gate["reason"]


def test_a_check_that_is_interrupted_is_no_pass(inv: Inv) -> None:
    """The load is over, and the frozen consumer keeps the pipeline from draining."""
    inv.set_limits({})
    known = inv.runs()
    consumer = Supervisor(Layout(inv.checkout.stack)).processes()["consumer"]["pid"]
    running = inv.start("perf", "--scenarios", "baseline", "--duration", "5s")
    run = inv.wait_for_load("baseline", known)
    os.kill(consumer, signal.SIGSTOP)
    try:

        def load_is_over() -> None:
            if not (run / "baseline" / "summary.json").is_file():
                raise NotReady("k6 runs")

        wait_until(load_is_over, what="the end of the load", deadline_seconds=60)
        running.signal(signal.SIGINT)
        assert running.wait().exit_code == ExitCode.INTERRUPTED
    finally:
        os.kill(consumer, signal.SIGCONT)
    verdict = read(run / "baseline" / "verdict.json")
    assert (verdict["verdict"], verdict["exit_code"]) == ("INVALID", ExitCode.INTERRUPTED)
