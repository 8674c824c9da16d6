"""The workflow files of this repository, and the two of a repository that uses cdc-perf."""

from cdc_perf.ci import checks, judge_workflow, release, run
from cdc_perf.ci.callers import (
    JUDGE_FILE,
    RUN_FILE,
    Called,
    judge_caller,
    run_caller,
)
from cdc_perf.ci.drift import GeneratedFiles
from cdc_perf.ci.emit import HEADER, workflow_files
from cdc_perf.ci.inputs import Input
from cdc_perf.ci.model import ChoiceInput, expression
from cdc_perf.ci.project import CiProject
from cdc_perf.settings.scenarios import ALL

_DEFAULT_SCENARIO = "baseline"


def generate(project: CiProject) -> GeneratedFiles:
    """Return the workflow files of this repository.

    Raises:
        UsageFailure: A step names an unknown task, argument, or session.
    """
    # The sample is the pipeline; a repository variable sets the minutes, which no fork sees.
    called = Called(inputs={Input.PIPELINE: "", Input.MINUTES: expression("vars.COMPARE_MINUTES")})
    names = (*project.scenarios.names, ALL)
    workflows = {
        RUN_FILE: run_caller(called, ChoiceInput("Scenario to run", names, _DEFAULT_SCENARIO)),
        JUDGE_FILE: judge_caller(called),
        run.FILE: run.run_workflow(project),
        judge_workflow.FILE: judge_workflow.judge_workflow(project),
        checks.FILE: checks.checks(project),
        release.FILE: release.release(project),
    }
    return workflow_files(workflows, HEADER, mark=HEADER)
