from dataclasses import replace

import pytest

from cdc_perf.ci.emit import generate
from cdc_perf.errors import UsageFailure
from cdc_perf.settings.scenarios import Scenarios
from tests.unit.ci.projects import perf, project

PERFORMANCE = ".github/workflows/performance-test.yml"


def test_three_files_come_of_the_project_and_the_same_ones_each_time() -> None:
    files = generate(project()).wanted
    assert set(files) == {
        PERFORMANCE,
        ".github/workflows/performance-comment.yml",
        ".github/workflows/ci.yml",
    }
    assert generate(project()).wanted == files


def test_the_choice_follows_the_scenarios() -> None:
    whole = project()
    burst = replace(whole.scenarios.get("baseline"), name="burst")
    more = replace(whole, scenarios=Scenarios((*whole.scenarios.every, burst)))
    assert "          - burst\n" in generate(more).wanted[PERFORMANCE]
    assert "burst" not in generate(whole).wanted[PERFORMANCE]


def test_one_setting_says_which_stack_is_loaded() -> None:
    for stack in ("local", "compose"):
        text = generate(replace(project(), stack=stack)).wanted[PERFORMANCE]
        assert f"inv tools.install --stack {stack}\n" in text
        assert f" --stack {stack}\n" in text.split("exec inv perf")[1]


def test_a_task_that_is_gone_ends_the_generation() -> None:
    with pytest.raises(UsageFailure, match="has no task 'perf'"):
        generate(project(perf))
