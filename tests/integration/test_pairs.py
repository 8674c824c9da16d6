"""`inv compare --pairs` on real stacks."""

import json
import shutil
from pathlib import Path

import pytest

from scripts import process
from scripts.errors import ExitCode
from scripts.settings.hops import ALL_HOPS
from scripts.settings.paths import Checkout
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


def test_a_commit_against_a_folder_in_turn(inv: Inv, tmp_path: Path) -> None:
    other = Checkout.at(tmp_path / "other", {})
    shutil.copytree(inv.checkout.root, other.root)
    words = ("--pairs", "2", "--duration", "5s", "--json")
    completed = inv("compare", "HEAD", str(other.root), *words)
    assert completed.exit_code == ExitCode.PASS, completed.output
    content = json.loads(completed.output[completed.output.index("\n{\n") :])
    assert content["sentence"] == (
        "inconclusive: 8 figures at p < 0.01 need at least 9 more pairs than 2"
    )
    assert content["figures"].keys() == {
        *(f"baseline e2e {stat}" for stat in ("p50", "p95", "p99")),
        *(f"baseline {hop.title} mean" for hop in ALL_HOPS),
    }
    listed = json.loads(inv("runs", "--json").output)
    assert [run["name"] for run in listed] == [
        *("pair-1-base", "pair-1-head", "pair-2-head", "pair-2-base"),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere", "HEAD", "--pairs", "1"), "BASE: 'nowhere' is no commit here, and no folder"),
        (("HEAD", "HEAD", "--pairs", "1", "--scenarios", "x"), "--scenarios: unknown scenario 'x'"),
        (("HEAD", "HEAD", "--pairs", "-1"), "--pairs: -1 is no number of pairs"),
        (("20261124T000000Z-0000", "latest"), "BASE: '20261124T000000Z-0000' is no run"),
    ],
)
def test_a_wrong_word_is_one_line(inv: Inv, words: tuple[str, ...], said: str) -> None:
    completed = inv("compare", *words)
    assert completed.exit_code == ExitCode.USAGE
    assert said in completed.output
    assert len(completed.output.splitlines()) <= 2
