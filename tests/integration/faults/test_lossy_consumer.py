"""A consumer that commits before it writes: the run names the rows that it loses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import copy_checkout
from tests.integration.faults.named_loss import expect_named_loss
from tests.integration.inv import Inv

pytestmark = pytest.mark.slow

WRITE = "        outcome = self._ports.writer.apply(coalesced.writes)\n"
COMMIT = "        self._ports.offsets.acknowledge(messages)\n"


@pytest.fixture
def inv(tmp_path: Path) -> Iterator[Inv]:
    """Run a stack whose consumer marks a batch as done, writes it, and gives up after a second."""
    checkout = copy_checkout(tmp_path / "checkout")
    loop = checkout.root / "src" / "cdc_consumer" / "loop.py"
    text = loop.read_text(encoding="utf-8")
    assert text.count(WRITE) == text.count(COMMIT) == 1
    loop.write_text(text.replace(COMMIT, "").replace(WRITE, COMMIT + WRITE), encoding="utf-8")
    settings = checkout.pipeline_file
    text = settings.read_text(encoding="utf-8")
    assert "retry_seconds = 60.0" in text
    changed = text.replace("retry_seconds = 60.0", "retry_seconds = 1.0")
    settings.write_text(changed, encoding="utf-8")
    inv = Inv(checkout)
    inv.set_limits({"baseline": {"cdc_success_rate": {"rate": 0.5}}})
    yield inv
    inv("down")


def test_what_it_committed_and_did_not_write_is_lost(inv: Inv) -> None:
    completed = inv.measured(
        *("--scenarios", "baseline", "--duration", "45s", "--fault", "stop:mongodb@15s")
    )
    expect_named_loss(inv, completed, "stop:mongodb")
