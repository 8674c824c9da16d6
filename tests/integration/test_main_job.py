"""`inv perf` on the real stack: what it says, what it leaves, what it exits with."""

import json
import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.results.points.statistics import statistics
from cdc_perf.results.points.store import read_points
from cdc_perf.results.summary import Summary, SummaryType, read_summary
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv, processes_of, read

# Limits that hold on a busy machine too: what is tested is the harness, not the machine.
# The least that a file of thresholds says.
DEFAULT = '{"default": {"cdc_success_rate": {"rate": 0.9}}}'
GENEROUS = {
    "baseline": {
        "cdc_e2e_latency": {"p50": 20_000, "p95": 20_000},
        "cdc_success_rate": {"rate": 0.9},
        "pg_write_errors": {"count": 1000},
    }
}


@pytest.fixture
def inv(checkout: Checkout, stack: LocalStack) -> Iterator[Inv]:
    """The command in the checkout whose stack is up; its settings are put back."""
    before = checkout.thresholds_file.read_bytes()
    inv = Inv(checkout)
    inv.set_limits(GENEROUS)
    yield inv
    checkout.thresholds_file.write_bytes(before)


def test_a_run_on_a_stack_that_is_up_passes_and_leaves_everything(
    inv: Inv, stack: LocalStack
) -> None:
    completed = inv.measured("--scenarios", "baseline", "--duration", "10s", "--name", "first")
    assert completed.exit_code == ExitCode.PASS, completed.output
    assert completed.output.splitlines()[-1] == "PASS: exit 0"

    run = inv.run_of(completed)
    manifest = read(run / "run.json")
    assert (manifest["status"], manifest["name"]) == ("complete", "first")
    assert manifest["stack_was_up"] is True
    assert set(manifest["versions"]["components"]) == set(COMPONENTS)
    assert manifest["connector"]["poll.interval.ms"] == "20"
    assert not [name for name in manifest["connector"] if "password" in name or "port" in name]
    health, baseline = manifest["scenarios"]
    assert (health["name"], baseline["name"]) == ("health-check", "baseline")
    assert baseline["executor"] == {"executor": "constant-vus", "vus": 10, "duration": "10s"}
    assert baseline["k6_exit_code"] == 0
    assert {(x["metric"], x["stat"]) for x in baseline["thresholds"]} == {
        *(("cdc_e2e_latency", "p50"), ("cdc_e2e_latency", "p95")),
        *(("cdc_success_rate", "rate"), ("pg_write_errors", "count")),
    }

    verdict = read(run / "baseline" / "verdict.json")
    assert verdict["verdict"] == "PASS"
    assert all(x["ok"] and x["samples"] >= x["samples_needed"] for x in verdict["thresholds"])
    intervals = {x["stat"]: x["interval"] for x in verdict["thresholds"]}
    assert intervals["p50"]["low"] <= intervals["p50"]["high"] < intervals["p95"]["high"]
    assert {gate["name"] for gate in verdict["gates"]} >= {"points", "generator_delay", "clock"}
    assert read(run / "verdict.json")["exit_code"] == 0
    assert (run / "summary.md").read_text(encoding="utf-8").startswith("**PASS**: ")
    report = (run / "report.html").read_text(encoding="utf-8")
    assert "<title>PASS: " in report
    assert "What this report lacks" not in report
    assert ET.parse(run / "junit.xml").getroot().attrib["failures"] == "0"  # noqa: S314
    assert (run.parent / "latest").resolve() == run
    assert {path.stem for path in (run / "logs").iterdir()} == set(stack.log_files())
    assert stack.endpoints() is not None


@pytest.mark.slow
def test_a_run_is_compared_with_the_last_one_whose_folder_may_be_gone(inv: Inv) -> None:
    words = ("--scenarios", "baseline", "--duration", "5s")
    first, second = (inv.run_of(inv.measured(*words)) for _ in range(2))
    report = second / "report.html"
    since = f"since {first.name} ("
    for samples in (r"[0-9]+", "-"):
        text = report.read_text(encoding="utf-8")
        assert since in text
        row = re.search(r"e2e p50, ms</th>.*?</tr>", text, re.DOTALL)
        assert row is not None
        assert re.search(rf'"right">{samples}</td><td class="right">[0-9]+</td></tr>', row[0])
        shutil.rmtree(first, ignore_errors=True)
        inv("report", second.name)


@pytest.mark.slow
def test_the_engine_finds_of_the_raw_points_what_k6_finds(inv: Inv) -> None:
    completed = inv("perf", "--scenarios", "baseline", "--duration", "5s")
    folder = inv.run_of(completed) / "baseline"
    summary = read_summary(folder / "summary.json")
    assert isinstance(summary, Summary)
    with read_points([folder / "points.json.gz"]) as points:
        assert points.damage == ()
        found = {x.k6_name: x for x in (*statistics(points), *statistics(points, ["phase"]))}
    trends = [name for name, x in summary.metrics.items() if x.type is SummaryType.TREND]
    assert "cdc_e2e_latency{phase:steady}" in trends
    for name in trends:
        ours, theirs = found[name], summary.metrics[name].values
        assert ours.count == theirs["count"]
        assert ours.count > 10
        percentiles = {f"p({stat[1:]})": value for stat, value in ours.percentiles.items()}
        others = {"avg": ours.mean, "min": ours.least, "max": ours.largest}
        assert percentiles | others == {
            stat: pytest.approx(value, rel=1e-9, abs=1e-9)
            for stat, value in theirs.items()
            if stat not in ("count", "med")
        }
    assert (folder / "series.parquet").read_bytes()[:4] == b"PAR1"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "duration", "code", "said"),
    [
        pytest.param(
            {"cdc_e2e_latency": {"p50": 0.001}},
            "5s",
            ExitCode.FAIL,
            "the threshold is 0.001 ms",
            id="a limit that nothing can keep",
        ),
        pytest.param(
            {"cdc_e2e_latency": {"p99.9": 20_000}},
            "5s",
            ExitCode.NO_DATA,
            "cdc_e2e_latency p99.9 needs 3,000 samples and got",
            id="too few samples for the percentile",
        ),
    ],
)
def test_what_is_not_a_pass_has_its_own_exit_code(
    inv: Inv, limits: dict[str, object], duration: str, code: ExitCode, said: str
) -> None:
    inv.set_limits({"baseline": limits})
    words = ("--scenarios", "baseline", "--duration", duration, "--vus", "1")
    completed = inv.measured(*words)
    assert completed.exit_code == code, completed.output
    assert said in completed.output
    assert completed.output.splitlines()[-1].endswith(f": exit {code:d}")
    assert read(inv.run_of(completed) / "verdict.json")["exit_code"] == code


@pytest.mark.slow
def test_a_metric_without_samples_is_no_data(inv: Inv) -> None:
    scenarios = inv.checkout.scenarios_file
    before = scenarios.read_bytes()
    lazy = json.loads(before)
    # The one virtual user begins during the warm-up, and then thinks until the run is over.
    lazy["baseline"]["think_time_seconds"] = 4
    inv.set_limits({"baseline": {"cdc_e2e_latency": {"max": 20_000}}})
    try:
        scenarios.write_text(json.dumps(lazy), encoding="utf-8")
        completed = inv("perf", "--scenarios", "baseline", "--duration", "1s", "--vus", "1")
    finally:
        scenarios.write_bytes(before)
    assert completed.exit_code == ExitCode.NO_DATA, completed.output
    assert "cdc_e2e_latency max has no samples after the warm-up" in completed.output


@pytest.mark.slow
def test_without_a_connector_the_health_check_stops_the_run(inv: Inv) -> None:
    inv("connector.delete")
    try:
        completed = inv("perf", "--scenarios", "baseline", "--duration", "5s")
    finally:
        inv("connector.deploy")
    assert completed.exit_code == ExitCode.STACK
    assert "inv connector.deploy" in completed.output
    assert not (inv.run_of(completed) / "baseline").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "limits", "said"),
    [
        pytest.param(
            ["--scenarios", "baselin"], DEFAULT, "did you mean baseline", id="an unknown scenario"
        ),
        pytest.param(
            ["--scenarios", "baseline", "--duration", "soon"],
            DEFAULT,
            "--duration: 'soon' is not a duration",
            id="a bad duration",
        ),
        pytest.param(
            ["--scenarios", "baseline", "--vus", "many"], DEFAULT, "--vus: 'many'", id="bad users"
        ),
        pytest.param(
            ["--scenarios", "baseline", "--env", "moon"], DEFAULT, "--env: ", id="no environment"
        ),
        pytest.param(
            ["--scenarios", "baseline", "--stack", "cloud"], DEFAULT, "--stack: ", id="no stack"
        ),
        pytest.param(
            ["--scenarios", "baseline"], '{"baseline": ', "thresholds.json: line 1", id="no JSON"
        ),
        pytest.param(
            ["--scenarios", "baseline"],
            '{"baseline": {"cdc_e2e_latencies": {"p95": 1}}}',
            "thresholds.json: baseline.cdc_e2e_latencies: unknown metric; "
            "did you mean cdc_e2e_latency?",
            id="an unknown metric",
        ),
    ],
)
def test_a_wrong_word_is_one_line_before_anything_starts(
    inv: Inv, words: list[str], limits: str, said: str
) -> None:
    inv.checkout.thresholds_file.write_text(limits, encoding="utf-8")
    before = inv.runs()
    completed = inv("perf", *words)
    assert completed.exit_code == ExitCode.USAGE
    assert said in completed.output
    assert len(completed.output.strip().splitlines()) == 1
    assert inv.runs() == before


@pytest.fixture
def supervisor(stack: LocalStack, checkout: Checkout) -> Iterator[Supervisor]:
    """The session's supervisord; PostgreSQL runs again when the test is over."""
    supervisor = Supervisor(Layout(checkout.stack))
    yield supervisor
    if supervisor.state("postgres") == "stopped":
        supervisor.start_program("postgres")


@pytest.mark.slow
def test_postgres_stopped_by_an_operator_makes_the_run_invalid(
    inv: Inv, supervisor: Supervisor
) -> None:
    known = inv.runs()
    running = inv.start("perf", "--scenarios", "baseline,e2e-latency", "--duration", "10s")
    run = inv.wait_for_load("baseline", known)
    supervisor.stop_program("postgres")
    completed = running.wait()
    verdict = read(run / "baseline" / "verdict.json")
    assert verdict["verdict"] == "INVALID"
    assert "postgres ended" in " ".join(x["text"] for x in verdict["reasons"])
    assert "at an operator's request" in " ".join(x["text"] for x in verdict["reasons"])
    # The second scenario has no stack to run on.
    assert completed.exit_code == ExitCode.STACK
    assert "not run: postgres stopped" in "\n".join(completed.last_lines)


@pytest.mark.slow
def test_postgres_that_dies_makes_the_run_fail_with_its_log(
    inv: Inv, supervisor: Supervisor
) -> None:
    known = inv.runs()
    running = inv.start("perf", "--scenarios", "baseline", "--duration", "10s")
    run = inv.wait_for_load("baseline", known)
    pid = supervisor.processes()["postgres"]["pid"]
    os.kill(pid, signal.SIGKILL)
    completed = running.wait()
    assert completed.exit_code == ExitCode.FAIL, completed.last_lines
    reasons = read(run / "baseline" / "verdict.json")["reasons"]
    text = " ".join(each["text"] for each in reasons)
    assert "postgres ended (terminated by SIGKILL) by itself during the run" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_was_measured(
    inv: Inv, stack: LocalStack, number: signal.Signals
) -> None:
    known = inv.runs()
    running = inv.start("perf", "--scenarios", "baseline,e2e-latency", "--duration", "1m")
    run = inv.wait_for_load("baseline", known)
    running.signal(number)
    completed = running.wait()
    assert completed.exit_code == ExitCode.INTERRUPTED, completed.last_lines
    assert read(run / "run.json")["status"] == "interrupted"
    assert read(run / "baseline" / "summary.json")["metrics"]["iterations"]["values"]["count"] > 0
    assert not (run / "e2e-latency").exists()
    assert (run.parent / "latest").resolve() != run
    assert stack.endpoints() is not None
    assert not [x for x in processes_of(run) if "k6" in x]


@pytest.mark.slow
def test_a_stack_of_its_own_is_started_and_stopped(tmp_path: Path, stack: LocalStack) -> None:
    """Beside the stack of the other checkout, on other ports."""
    inv = Inv(copy_checkout(tmp_path / "a checkout with späces"))
    inv.set_limits(GENEROUS)
    completed = inv.measured("--scenarios", "baseline", "--duration", "5s")
    assert completed.exit_code == ExitCode.PASS, completed.output
    assert read(inv.run_of(completed) / "run.json")["stack_was_up"] is False
    assert "the stack is down" in completed.output
    assert processes_of(inv.checkout.root) == []
    assert stack.endpoints() is not None


@pytest.mark.slow
def test_a_signal_while_the_stack_starts_leaves_nothing(tmp_path: Path, stack: LocalStack) -> None:
    inv = Inv(copy_checkout(tmp_path / "checkout"))
    running = inv.start("perf", "--scenarios", "baseline", "--duration", "1m")
    layout = Layout(inv.checkout.stack)

    def started() -> None:
        if not Supervisor(layout).alive():
            raise NotReady("no supervisord yet")

    wait_until(started, what="supervisord", deadline_seconds=30)
    running.signal(signal.SIGTERM)
    completed = running.wait()
    assert completed.exit_code == ExitCode.INTERRUPTED
    assert "interrupted by SIGTERM" in completed.last_lines
    assert processes_of(inv.checkout.root) == []
    assert inv.runs() == set()
