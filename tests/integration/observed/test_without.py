"""A Prometheus that is gone: a run says so in a line, and is judged as if there were none."""

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.waiting import NotReady, wait_until
from tests.integration.inv import read
from tests.integration.observed.conftest import Observed

pytestmark = pytest.mark.slow

LINE = "cannot push samples to Prometheus"


def test_a_run_goes_on_without_prometheus(observed: Observed) -> None:
    inv, supervisor = observed.inv, observed.stack._supervisor  # noqa: SLF001 - it has no other way
    inv.set_limits({"baseline": {"cdc_success_rate": {"rate": 0.9}}})
    supervisor.stop_program("prometheus")
    try:
        completed = inv("perf", "--scenarios", "baseline", "--duration", "4s")
    finally:
        supervisor.start_program("prometheus")
    assert completed.output.count(LINE) == 1
    # A busy machine may starve the generator.
    assert completed.exit_code in (ExitCode.PASS, ExitCode.INVALID), completed.output
    reasons = read(inv.run_of(completed) / "verdict.json")["reasons"]
    assert "prometheus" not in str(reasons).lower()
    for scenario in read(inv.run_of(completed) / "run.json")["scenarios"]:
        assert scenario["events"] == []
        assert scenario["k6_exit_code"] == 0


def test_what_runs_beside_the_stack_is_seen_and_started_again(observed: Observed) -> None:
    stack = observed.stack
    observed.stack._supervisor.stop_program("prometheus")  # noqa: SLF001 - as above
    assert {x.name: x.state for x in stack.status()}["prometheus"] == "stopped"
    stack.up(observe=True)

    def answers() -> None:
        try:
            observed.prometheus.value("up")
        except OSError as error:
            raise NotReady(str(error)) from None

    wait_until(answers, what="Prometheus", deadline_seconds=20)
