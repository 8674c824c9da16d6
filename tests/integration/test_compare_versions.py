"""`inv compare` of two versions on real stacks."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.results.comparison import Comparison, ComparisonStatus, Side
from cdc_perf.results.comparison_folder import ComparisonFolder
from cdc_perf.runs.comparisons import last_comparison
from cdc_perf.settings.paths import Checkout
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv, processes_of, read

POLL = "poll.interval.ms"
CALMER = "20"
# Two stacks and everything else share the machine.
RATE = ("--rate", "15")


@pytest.fixture
def inv(tmp_path: Path) -> Inv:
    """A checkout under git."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    checkout = copy_checkout(tmp_path / "checkout")
    for words in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("-c", "user.name=x", "-c", "user.email=x@example.test", "commit", "-qm", "all"),
    ):
        process.run(["git", "-C", checkout.root, *words])
    return Inv(checkout)


def copied(inv: Inv, folder: Path) -> Checkout:
    shutil.copytree(inv.checkout.root, folder)
    return Checkout.at(folder, {})


def slower(inv: Inv, folder: Path) -> Checkout:
    """Return a version whose connector polls every 100 ms."""
    copy = copied(inv, folder)
    settings = copy.pipeline_file.read_text(encoding="utf-8")
    assert settings.count(f'"{POLL}" = "{CALMER}"') == 1
    changed = settings.replace(f'"{POLL}" = "{CALMER}"', f'"{POLL}" = "100"')
    copy.pipeline_file.write_text(changed, encoding="utf-8")
    return copy


def folder_of(inv: Inv) -> ComparisonFolder:
    (path,) = (inv.checkout.results / "comparisons").iterdir()
    return ComparisonFolder(path)


def compared(inv: Inv) -> Comparison:
    comparison = last_comparison(inv.checkout.results)
    assert comparison is not None
    return comparison


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_slower_connector_is_worse_and_the_hop_is_named(inv: Inv, tmp_path: Path) -> None:
    head = slower(inv, tmp_path / "head")
    completed = process.run(
        inv.argv("compare", "HEAD", str(head.root), "--minutes", "12", "--json", *RATE),
        cwd=inv.checkout.root,
        env=inv.environment,
        check=False,
        timeout_seconds=800,
    )
    assert completed.exit_code == ExitCode.FAIL, completed.output
    content: dict[str, Any] = json.loads(completed.output[completed.output.index("\n{\n") :])
    figures = {each["figure"]: each for each in content["answer"]["figures"]}
    # It stops when one of them is found; which one depends on the noise of the machine.
    worse = {name for name, each in figures.items() if each["answer"] == "worse"}
    assert worse & {"e2e_p50", "e2e_p95", "e2e_p99"}
    assert all(figures[name]["low"] > 1 for name in worse)
    assert figures["hop_debezium_to_kafka"]["head"] > figures["hop_debezium_to_kafka"]["base"]
    comparison = compared(inv)
    assert comparison.status is ComparisonStatus.SETTLED
    assert comparison.changed_settings == {POLL: (CALMER, "100")}
    for start in comparison.starts:
        # Both sides, in turn: no more than two slices of one side follow each other.
        sides = [each.side for each in start.slices]
        assert all(set(sides[i : i + 2]) == set(Side) for i in range(0, len(sides), 2))
    assert folder_of(inv).report.stat().st_size > 10_000
    assert json.loads(inv("runs", "--json").output) == []


@pytest.mark.slow
def test_ctrl_c_keeps_the_starts_that_there_are(inv: Inv) -> None:
    def first_start() -> None:
        found = last_comparison(inv.checkout.results)
        if found is None or len(found.starts) != 1:
            raise NotReady("the first start is not over")

    running = inv.start("compare", "HEAD", "HEAD", "--minutes", "12", *RATE)
    wait_until(first_start, what="the first start", deadline_seconds=250, interval_seconds=0.5)
    running.signal(signal.SIGINT)
    assert running.wait().exit_code == ExitCode.INTERRUPTED
    comparison = compared(inv)
    assert (comparison.status, len(comparison.starts)) == (ComparisonStatus.INTERRUPTED, 1)
    assert read(folder_of(inv).answer)["answer"] == "inconclusive"
    assert processes_of(inv.checkout.root) == []


def test_a_base_that_cannot_take_the_load_is_not_comparable(inv: Inv, tmp_path: Path) -> None:
    head = copied(inv, tmp_path / "head")
    with (head.pipeline / "schema.sql").open("a", encoding="utf-8") as schema:
        schema.write("\nALTER TABLE customer ADD nickname text;\n")
    with (head.pipeline / "workload.toml").open("a", encoding="utf-8") as workload:
        workload.write("nickname = { text = 5 }\n")
    completed = inv("compare", "HEAD", str(head.root), *RATE)
    assert completed.exit_code == ExitCode.USAGE, completed.output
    assert "not comparable" in completed.output
    assert "nickname" in completed.output


def test_a_stack_that_is_up_is_not_a_fresh_start(inv: Inv, tmp_path: Path) -> None:
    head = copied(inv, tmp_path / "head")
    head.endpoints_file.parent.mkdir()
    head.endpoints_file.write_text("{}", encoding="utf-8")
    completed = inv("compare", "HEAD", str(head.root), *RATE)
    assert completed.exit_code == ExitCode.STACK
    assert "inv down" in completed.output
    assert head.endpoints_file.exists()
