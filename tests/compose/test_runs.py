"""`inv perf` on the compose stack and, as an external one, from another checkout."""

import gzip
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stack.endpoints import Endpoints
from tests.compose.conftest import Docker, docker
from tests.integration.conftest import copy_checkout
from tests.integration.inv import read

# Limits that hold on a busy machine too: what is tested is the harness, not the machine.
_GENEROUS = {
    "baseline": {
        "cdc_e2e_latency": {"p50": 20_000, "p95": 20_000},
        "cdc_success_rate": {"rate": 0.9},
    }
}


@pytest.fixture
def lenient(inv: Docker) -> Iterator[Docker]:
    before = inv.checkout.thresholds_file.read_bytes()
    inv.set_limits(_GENEROUS)
    yield inv
    inv.checkout.thresholds_file.write_bytes(before)
    assert inv("up").exit_code == 0


def gauges(path: Path) -> set[str]:
    return {json.loads(line)["metric"] for line in gzip.open(path)}


def test_a_run_leaves_what_one_on_the_embedded_stack_does(lenient: Docker) -> None:
    completed = lenient.measured("--scenarios", "baseline", "--duration", "10s")
    assert completed.exit_code == ExitCode.PASS, completed.output
    run = lenient.run_of(completed)
    manifest = read(run / "run.json")
    assert (manifest["stack"], manifest["stack_was_up"]) == ("compose", True)
    assert tuple(manifest["versions"]["components"]) == COMPONENTS
    assert {x.name for x in (run / "baseline").iterdir()} >= {
        *("points.json.gz", "gauges.json.gz", "summary.json", "series.parquet", "verdict.json"),
        "k6.log",
    }
    assert {x.stem for x in (run / "logs").iterdir()} == set(COMPONENTS)
    sampled = gauges(run / "baseline" / "gauges.json.gz")
    assert {f"{what}_{x}" for what in ("cpu", "memory") for x in (*COMPONENTS, "k6")} <= sampled
    assert {"consumer_lag", "slot_retained_bytes"} <= sampled


def disturbed(inv: Docker, disturb: Callable[[], object]) -> tuple[int, str, str]:
    """Run the load, do something to the stack in its middle, and return code, verdict, reasons."""
    known = inv.runs()
    running = inv.start("perf", "--scenarios", "baseline", "--duration", "20s")
    run = inv.wait_for_load("baseline", known)
    disturb()
    completed = running.wait()
    verdict = read(run / "baseline" / "verdict.json")
    return completed.exit_code, verdict["verdict"], " ".join(x["text"] for x in verdict["reasons"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may kill a container's process")
def test_a_component_that_dies_by_itself_fails_the_run(lenient: Docker) -> None:
    name = f"{lenient.project}-cdc-consumer-1"
    pid = int(docker("inspect", "--format", "{{.State.Pid}}", name))
    code, verdict, reasons = disturbed(lenient, lambda: os.kill(pid, signal.SIGKILL))
    assert (code, verdict) == (ExitCode.FAIL, "FAIL")
    assert "consumer ended (exit status 137) by itself during the run" in reasons


def test_a_component_that_someone_kills_makes_the_run_invalid(lenient: Docker) -> None:
    name = f"{lenient.project}-mongodb-1"
    code, verdict, reasons = disturbed(lenient, lambda: docker("kill", name))
    assert code != ExitCode.PASS
    assert verdict in {"FAIL", "INVALID"}
    assert "mongodb ended (exit status 137) during the run, at an operator's request" in reasons


def test_a_component_that_someone_pauses_makes_the_run_invalid(lenient: Docker) -> None:
    name = f"{lenient.project}-cdc-consumer-1"

    def pause() -> None:
        docker("pause", name)
        docker("unpause", name)

    code, verdict, reasons = disturbed(lenient, pause)
    assert (code, verdict) == (ExitCode.INVALID, "INVALID")
    assert "consumer was paused during the run" in reasons


@pytest.fixture
def stranger(inv: Docker, tmp_path: Path) -> tuple[Docker, dict[str, str]]:
    """Another checkout, and the addresses of the stack as its environment."""
    found = Endpoints.read(inv.checkout.endpoints_file, "compose")
    assert found is not None
    other = Docker(copy_checkout(tmp_path / "other"))
    other.set_limits(_GENEROUS)
    return other, found.environment()


def test_another_checkout_measures_the_stack_and_leaves_it(
    inv: Docker, stranger: tuple[Docker, dict[str, str]]
) -> None:
    other, addresses = stranger
    options = ("--stack", "external", "--yes")
    up = other("up", *options, env=addresses)
    assert up.exit_code == 0, up.output
    assert "connector answers (postgres-cdc-connector)" in up.output
    words = ("perf", *options, "--scenarios", "baseline", "--duration", "10s")
    measured = other(*words, env=addresses)
    assert measured.exit_code == ExitCode.PASS, measured.output
    assert "restarts, logs, CPU, and memory were not monitored" in measured.output
    verdict = read(other.run_of(measured) / "baseline" / "verdict.json")
    (gate,) = [x for x in verdict["gates"] if x["name"] == "components"]
    assert (gate["ok"], gate["observed"]) == (None, "unknown: this stack is not watched")
    for command in ("connector.delete", "connector.restart"):
        refused = other(command, "--stack", "external", env=addresses)
        assert refused.exit_code == 3
        assert "does not change an external stack" in refused.output
    assert "nothing was changed" in other("down", "--stack", "external", env=addresses).output
    states = json.loads(inv("status", "--json").output)
    assert {x["state"] for x in states} == {"running"}


def test_what_does_not_answer_is_named(stranger: tuple[Docker, dict[str, str]]) -> None:
    other, addresses = stranger
    silent = {**addresses, "CDC_CONNECT_URL": "http://127.0.0.1:1"}
    said = other("up", "--stack", "external", "--yes", env=silent)
    assert said.exit_code == 3
    assert "connect: http://127.0.0.1:1 does not answer" in said.output
    assert "mongodb answers" in said.output


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_direct_call_of_k6_in_a_container(inv: Docker) -> None:
    """The image takes minutes to build where nothing of it is there yet."""
    compose = ("docker", "compose", "-f", "k6/docker-compose.k6.yml")
    root = inv.checkout.root
    process.run([*compose, "build", "k6"], cwd=root, timeout_seconds=1500)
    (root / "k6" / "results").mkdir(exist_ok=True)
    words = ("run", "--out", "json=/results/test.json", "/scripts/workload-test.js")
    called = process.run(
        [*compose, "run", "--rm", "k6", *words],
        cwd=root,
        env={"DURATION": "5s", "VUS": "2", "K6_USER": f"{os.getuid()}:{os.getgid()}"},
        check=False,
    )
    points = root / "k6" / "results" / "test.json"
    assert points.is_file(), called.output
    lines = [json.loads(line) for line in points.read_bytes().splitlines()]
    samples = [x for x in lines if (x["metric"], x["type"]) == ("cdc_success_rate", "Point")]
    assert samples, called.output
    assert {x["data"]["value"] for x in samples} == {1}, called.output
