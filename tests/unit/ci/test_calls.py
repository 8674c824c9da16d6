from typing import Any

import pytest

from cdc_perf.ci.calls import Given, session_step, task_step
from cdc_perf.ci.model import Run
from cdc_perf.errors import UsageFailure
from tests.unit.ci.projects import gate, install, lint, perf, plan, project, publish, tests


def test_flags_come_from_the_task_and_its_name_from_the_collection() -> None:
    step = task_step(project(), "Plan", plan, step_id="plan", scenarios="all", duration="1m 30s")
    assert step == Run("Plan", "exec inv ci.plan --scenarios all --duration '1m 30s'", {}, "plan")


def test_what_only_the_run_knows_travels_in_a_variable() -> None:
    given = Given("SCENARIO", "${{ inputs.scenario }}")
    step = task_step(project(), "x", plan, variables={"A": "b"}, scenarios=given)
    assert step.command == 'exec inv ci.plan --scenarios "$SCENARIO"'
    assert step.env == {"SCENARIO": "${{ inputs.scenario }}", "A": "b"}


def test_a_switch_is_there_or_not_and_a_positional_has_no_flag() -> None:
    assert task_step(project(), "x", perf, keep=True).command == "exec inv perf --keep"
    assert task_step(project(), "x", perf, keep=False).command == "exec inv perf"
    assert (
        task_step(project(), "x", gate, results="a folder").command == "exec inv ci.gate 'a folder'"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"scenaros": "all"},
            "workflow: step 'Load': inv perf has no argument 'scenaros'; did you mean scenarios?",
        ),
        ({"keep": "yes"}, "workflow: step 'Load': inv perf: --keep takes no value"),
        ({"env": True}, "workflow: step 'Load': inv perf: --env needs a value"),
    ],
)
def test_what_the_task_does_not_take_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageFailure) as raised:
        task_step(project(), "Load", perf, **arguments)
    assert raised.value.message == said


def test_a_task_that_cannot_be_called_is_refused() -> None:
    with pytest.raises(UsageFailure, match=r"the collection of tasks.py has no task 'publish'"):
        task_step(project(publish), "x", publish, run="latest")
    assert task_step(project(publish), "x", install).command == "exec inv tools.install"


def test_a_session_is_called_by_the_name_under_which_it_is_found() -> None:
    command = session_step(project(), "x", tests, "tests/unit").command
    assert command == "nox --force-venv-backend none --session tests -- tests/unit"


def test_a_session_that_is_gone_is_refused() -> None:
    with pytest.raises(UsageFailure, match=r"noxfile.py has no session 'lint'"):
        session_step(project(registry=("tests",)), "x", lint)
