"""The verdict on a run that lost rows."""

from cdc_perf import process
from cdc_perf.errors import ExitCode
from tests.integration.inv import Inv, read


def expect_named_loss(inv: Inv, completed: process.Completed, fault: str) -> None:
    """Check that a run of `baseline` fails because of a fault, and names the rows."""
    assert completed.exit_code == ExitCode.FAIL, completed.output
    verdict = read(inv.run_of(completed) / "baseline" / "verdict.json")
    (lost,) = (x for x in verdict["thresholds"] if x["metric"] == f"lost{{fault:{fault}}}")
    assert lost["ok"] is False
    assert lost["observed"] > 0
    (rows,) = (x for x in verdict["gates"] if x["name"] == "rows")
    assert "missing in the sink" in rows["reason"]
