from dataclasses import replace

import pytest

from cdc_perf.ci.generate import generate
from cdc_perf.errors import UsageFailure
from cdc_perf.settings.scenarios import Scenarios
from tests.unit.ci.projects import perf, project

PERFORMANCE = ".github/workflows/performance-test.yml"


def test_six_files_come_of_the_project_and_the_same_ones_each_time() -> None:
    files = generate(project()).wanted
    assert set(files) == {
        PERFORMANCE,
        ".github/workflows/performance-comment.yml",
        ".github/workflows/run.yml",
        ".github/workflows/release.yml",
        ".github/workflows/judge.yml",
        ".github/workflows/ci.yml",
    }
    assert generate(project()).wanted == files


def test_the_choice_follows_the_scenarios() -> None:
    whole = project()
    burst = replace(whole.scenarios.get("baseline"), name="burst")
    more = replace(whole, scenarios=Scenarios((*whole.scenarios.every, burst)))
    assert "          - burst\n" in generate(more).wanted[PERFORMANCE]
    assert "burst" not in generate(whole).wanted[PERFORMANCE]


def test_a_task_that_is_gone_ends_the_generation() -> None:
    with pytest.raises(UsageFailure, match="has no task 'perf'"):
        generate(project(perf))
