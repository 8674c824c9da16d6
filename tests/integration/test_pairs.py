"""`inv compare --pairs` on real stacks."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from cdc_perf import process
from cdc_perf.errors import ExitCode
from cdc_perf.settings.hops import ALL_HOPS
from cdc_perf.settings.paths import Checkout
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv


@pytest.fixture
def inv(tmp_path: Path) -> Inv:
    """A checkout under git."""
    checkout = copy_checkout(tmp_path / "checkout")
    inv = Inv(checkout)
    inv.set_limits({"baseline": {"cdc_success_rate": {"rate": 0.9}}})
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    for words in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("-c", "user.name=x", "-c", "user.email=x@example.test", "commit", "-qm", "all"),
    ):
        process.run(["git", "-C", checkout.root, *words])
    return inv


def compared(inv: Inv, head: Checkout, pairs: int = 1) -> tuple[int, Any]:
    """Compare a head with the commit, anew where the machine was too busy for k6."""
    words = ("--pairs", str(pairs), "--duration", "5s", "--json")
    for _ in range(3):
        completed = inv("compare", "HEAD", str(head.root), *words)
        if "starved" not in completed.output:
            break
    assert "\n{\n" in completed.output, completed.output
    return completed.exit_code, json.loads(completed.output[completed.output.index("\n{\n") :])


@pytest.mark.slow
def test_a_commit_against_a_folder_in_turn(inv: Inv, tmp_path: Path) -> None:
    other = Checkout.at(tmp_path / "other", {})
    shutil.copytree(inv.checkout.root, other.root)
    exit_code, content = compared(inv, other, 2)
    assert exit_code == ExitCode.PASS, content
    assert content["sentence"] == (
        "inconclusive: 8 metrics at p < 0.01 need at least 9 more pairs than 2"
    )
    assert content["figures"].keys() == {
        *(f"baseline e2e {stat}" for stat in ("p50", "p95", "p99")),
        *(f"baseline {hop.title} mean" for hop in ALL_HOPS),
    }
    listed = json.loads(inv("runs", "--json").output)
    assert [run["name"] for run in listed][-4:] == [
        *("pair-1-base", "pair-1-head", "pair-2-head", "pair-2-base"),
    ]


@pytest.mark.slow
def test_a_head_that_fails_is_named_and_no_pass(inv: Inv, tmp_path: Path) -> None:
    head = Checkout.at(tmp_path / "head", {})
    shutil.copytree(inv.checkout.root, head.root)
    Inv(head).set_limits({"baseline": {"cdc_e2e_latency": {"max": 0.001}}})
    exit_code, content = compared(inv, head)
    assert (exit_code, content["verdict"]) == (ExitCode.FAIL, "FAIL")
    failed = {run["side"]: run["failed"] for run in content["runs"]}
    assert failed == {"base": [], "head": ["baseline"]}
    assert len(content["figures"]) == 8


@pytest.mark.slow
def test_a_head_that_crashes_is_left_out_and_no_pass(inv: Inv, tmp_path: Path) -> None:
    head = Checkout.at(tmp_path / "head", {})
    shutil.copytree(inv.checkout.root, head.root)
    script = head.k6 / "scripts" / "workload-test.js"
    script.write_text(f"{script.read_text()}\nthrow new Error('broken on purpose');\n")
    exit_code, content = compared(inv, head)
    assert (exit_code, content["verdict"]) == (ExitCode.NO_DATA, "NO-DATA")
    assert [(x["pair"], x["side"]) for x in content["left_out"]] == [(1, "head")]
    assert len(content["without"]) == 8
    assert {run["side"]: run["exit_code"] for run in content["runs"]} == {
        "base": ExitCode.PASS,
        "head": ExitCode.LOAD,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere", "HEAD", "--pairs", "1"), "BASE: 'nowhere' is neither a commit nor a folder"),
        (("HEAD", "HEAD", "--pairs", "1", "--scenarios", "x"), "--scenarios: unknown scenario 'x'"),
        (("HEAD", "HEAD", "--pairs", "-1"), "--pairs: -1 is not a positive number"),
        (
            ("20261124T000000Z-0000", "latest"),
            "BASE: '20261124T000000Z-0000' is neither a run nor a folder",
        ),
    ],
)
def test_a_wrong_word_is_one_line(inv: Inv, words: tuple[str, ...], said: str) -> None:
    completed = inv("compare", *words)
    assert completed.exit_code == ExitCode.USAGE
    assert said in completed.output
    assert len(completed.output.splitlines()) <= 2
