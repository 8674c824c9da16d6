"""The other commands, on the stack of the session."""

import json

import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.lock import exclusive
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.component_specs import COMPONENTS
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.tools.cache import ENVIRONMENT_VARIABLE
from tests.integration.conftest import POLL, copy_checkout
from tests.integration.inv import Inv


@pytest.fixture
def inv(checkout: Checkout, stack: LocalStack) -> Inv:
    return Inv(checkout)


def test_status_shows_every_component_running(inv: Inv) -> None:
    completed = inv("status", "--json")
    statuses = {status["name"]: status for status in json.loads(completed.output)}
    assert tuple(statuses) == (*COMPONENTS, "connector", "connector task 0")
    assert {status["state"] for status in statuses.values()} == {"running"}
    for status in (statuses[name] for name in COMPONENTS):
        assert status["memory"] > 10_000_000
        assert status["uptime"] > 0
        assert all(status[fact] for fact in ("pid", "port", "version"))


def test_status_is_a_table_with_a_line_for_each_component(inv: Inv) -> None:
    lines = inv("status").output.splitlines()
    names = [line[: line.index("  ")] for line in lines[2:]]
    assert names == [*COMPONENTS, "connector", "connector task 0"]


def test_up_on_a_stack_that_is_up_starts_nothing(inv: Inv, stack: LocalStack) -> None:
    before = [status.pid for status in stack.status()]
    completed = inv("up")
    assert completed.exit_code == ExitCode.PASS
    assert "the stack is already up" in completed.output
    assert [status.pid for status in stack.status()] == before


@pytest.mark.parametrize("component", ["postgres", "kafka", "consumer"])
@pytest.mark.slow
def test_up_starts_what_was_stopped(inv: Inv, stack: LocalStack, component: str) -> None:
    before = {status.name: status.pid for status in stack.status()}
    Supervisor(Layout(inv.checkout.stack)).stop_program(component)
    completed = inv("up")
    assert completed.exit_code == ExitCode.PASS, completed.output
    assert f"{component} was stopped: starting it" in completed.output
    changed = {status.name for status in stack.status() if status.pid != before[status.name]}
    assert changed == {component}


def test_logs_of_one_component(inv: Inv) -> None:
    completed = inv("logs", "--component", "consumer", "--lines", "3")
    assert completed.exit_code == ExitCode.PASS
    header, *lines = completed.output.splitlines()
    assert header.startswith("== consumer (")
    assert 1 <= len(lines) <= 3


@pytest.mark.slow
def test_the_connector_can_be_taken_through_its_life(inv: Inv) -> None:
    assert "unchanged and running" in inv("connector.deploy").output

    settings = inv.checkout.pipeline_file
    before = settings.read_text(encoding="utf-8")
    try:
        changed = before.replace('"max.batch.size" = "1"', '"max.batch.size" = "2"')
        settings.write_text(changed, encoding="utf-8")
        assert "updated and running" in inv("connector.deploy").output
    finally:
        settings.write_text(before, encoding="utf-8")
    assert "is running" in inv("connector.restart").output
    assert "is deleted" in inv("connector.delete").output
    assert "does not exist" in inv("connector.delete").output
    gone = inv("connector.status")
    assert gone.exit_code == ExitCode.STACK
    assert "remedy: inv connector.deploy" in gone.output
    assert "created and running" in inv("connector.deploy").output
    found = json.loads(inv("connector.status", "--json").output)
    assert [found["state"], *(task["state"] for task in found["tasks"])] == ["RUNNING", "RUNNING"]


def test_a_configuration_that_connect_refuses_is_one_clear_line(inv: Inv) -> None:
    settings = inv.checkout.pipeline_file
    before = settings.read_text(encoding="utf-8")
    try:
        wrong = before.replace(POLL, '"poll.interval.ms" = "soon"')
        assert wrong != before
        settings.write_text(wrong, encoding="utf-8")
        completed = inv("connector.deploy")
    finally:
        settings.write_text(before, encoding="utf-8")
    assert completed.exit_code == ExitCode.STACK
    assert "Kafka Connect answered 400 to PUT" in completed.output
    assert "Traceback" not in completed.output
    assert "unchanged and running" in inv("connector.deploy").output


def test_doctor_finds_every_tool_where_the_stack_runs(inv: Inv) -> None:
    completed = inv("doctor", "--json")
    assert completed.exit_code == ExitCode.PASS, completed.output
    health = {finding["what"]: finding["health"] for finding in json.loads(completed.output)}
    assert {"PostgreSQL", "Java", "Kafka", "k6", "JVM caches"} <= set(health)
    assert set(health.values()) == {"ok"}


def test_doctor_names_what_an_empty_cache_lacks_and_what_is_wrong(
    inv: Inv, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("cache")
    completed = inv("doctor", "--json", env={ENVIRONMENT_VARIABLE: str(empty)})
    findings = {finding["what"]: finding for finding in json.loads(completed.output)}
    assert findings["k6"]["health"] == "missing"
    assert "to install" in findings["k6"]["found"]
    assert completed.exit_code == ExitCode.PASS

    broken = copy_checkout(tmp_path_factory.mktemp("broken") / "checkout")
    (broken.root / "k6" / "go.mod").unlink()
    completed = Inv(broken)("doctor", "--json")
    findings = {finding["what"]: finding for finding in json.loads(completed.output)}
    assert findings["tools"]["health"] == "wrong"
    assert completed.exit_code == ExitCode.STACK


def test_a_checkout_in_use_says_who_holds_it(inv: Inv) -> None:
    with exclusive(inv.checkout.lock_file):
        completed = inv("down")
    assert completed.exit_code == ExitCode.STACK
    assert "this pipeline is in use by `" in completed.output


@pytest.mark.slow
def test_without_a_stack_a_command_says_how_to_start_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    inv = Inv(copy_checkout(tmp_path_factory.mktemp("other") / "checkout"))
    completed = inv("connector.status")
    assert completed.exit_code == ExitCode.STACK
    assert completed.output.splitlines() == ["no stack is up", "  remedy: inv up starts one"]
    assert "no stack is up" in inv("down").output
    statuses = json.loads(inv("status", "--json").output)
    assert {status["state"] for status in statuses} == {"stopped"}


def test_a_stack_that_is_not_observed_says_how_it_can_be(inv: Inv) -> None:
    completed = inv("up", "--observe")
    assert completed.exit_code == ExitCode.STACK
    assert "the stack is up without Prometheus" in completed.output
    assert "remedy: inv down, then inv up --observe" in completed.output
