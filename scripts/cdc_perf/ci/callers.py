"""performance-test.yml and performance-comment.yml: when to measure, and when to judge.

Both call the workflows of a version of cdc-perf. The ones of this repository call those beside
them; `cdc-perf workflow --into` writes the same two files for other repositories.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cdc_perf.ci import judge_workflow, run
from cdc_perf.ci.emit import FOLDER
from cdc_perf.ci.inputs import DURATION, SCENARIO
from cdc_perf.ci.model import CallingJob, ChoiceInput, Text, Triggers, Workflow, expression
from cdc_perf.ci.steps import READS_CODE
from cdc_perf.publish.labels import LABEL
from cdc_perf.publish.names import CALLING_JOB, PULL_REQUEST_RUN, WORKFLOW_FILE, WORKFLOW_PATH

RUN_FILE, JUDGE_FILE = WORKFLOW_FILE, "performance-comment.yml"
# The ID of the job that calls run.yml.
RUN_ID = "performance"
NAME = "Performance tests"
# zizmor asks for `$/`, which neither actionlint nor act reads yet.
_OWN = "zizmor: ignore[self-repository] the called file is of the same commit"
_NIGHTLY = "0 2 * * *"
_TRIGGER = "github.event.workflow_run"
_PULL_REQUEST = "github.event.pull_request"
# Of the runs of a group, one runs and only the last one waits: it takes the place of the others.
_GROUP = (
    # Another workflow may have the same name; its runs must not take the place of this one's.
    f"{_TRIGGER}.path || '{WORKFLOW_PATH}'",
    f"{_TRIGGER}.head_repository.full_name || {_PULL_REQUEST}.head.repo.full_name",
    f"{_TRIGGER}.head_branch || {_PULL_REQUEST}.head.ref",
    # Each of two pull requests with the same head has its own comment and run.
    f"{_TRIGGER}.display_title || format('{PULL_REQUEST_RUN}{{0}}', {_PULL_REQUEST}.number)",
    # GitHub assigns the group before it looks at the job's condition: a run for any other label,
    # which judges nothing, must not take the place of one that does.
    f"{_PULL_REQUEST} && github.event.label.name != '{LABEL}' && github.run_id || ''",
)


@dataclass(frozen=True)
class Called:
    """The called workflows, and what they are given.

    Attributes:
        repository: `owner/name` of cdc-perf; empty: the repository of the callers.
        commit: The commit of the workflows; empty as for `repository`.
        version: The version of the commit, a comment that update bots follow.
        inputs: The inputs of both workflows.
        secrets: The secrets of the run, by name.
    """

    repository: str = ""
    commit: str = ""
    version: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def path(self, file: str) -> str:
        """Return the value of `uses` for one of the workflows."""
        if not self.repository:
            return f"./{FOLDER}/{file}"
        return f"{self.repository}/{FOLDER}/{file}@{self.commit}"


def run_caller(called: Called, scenario: ChoiceInput | Text) -> Workflow:
    """Return performance-test.yml.

    Args:
        called: The called workflows.
        scenario: The input of a manual start that selects the scenarios.
    """
    return Workflow(
        name=NAME,
        triggers=Triggers(
            inputs={
                SCENARIO: scenario,
                DURATION: Text("Duration of each scenario, such as 5m or 30m"),
            },
            cron=_NIGHTLY,
            pull_request=True,
            merge_queue=True,
        ),
        # The judge finds the pull request by it: several may have the same head.
        run_name=expression(
            "github.event.pull_request.number && "
            f"format('{PULL_REQUEST_RUN}{{0}}', github.event.pull_request.number) || ''"
        ),
        # `plan` checks the paths: a required check whose workflow never starts would block forever.
        remark="no path filter: `plan` checks the changed files",
        group=f"{expression('github.workflow')}-"
        f"{expression('github.event.pull_request.number || github.run_id')}",
        cancel=expression("github.event_name == 'pull_request'"),
        jobs={
            RUN_ID: CallingJob(
                name=CALLING_JOB,
                workflow=called.path(run.FILE),
                remark=called.version or _OWN,
                inputs=called.inputs,
                secrets=called.secrets,
                permissions=(READS_CODE,),
            )
        },
    )


def judge_caller(called: Called) -> Workflow:
    """Return performance-comment.yml.

    A pull request's own run can neither comment nor set a status: a fork's token cannot write, and
    its results are only its own claims. The end of that run starts this workflow, in the base
    repository and from the default branch; so does the label that accepts a change, which judges
    the same results again.
    """
    return Workflow(
        name="Performance status and comment",
        triggers=Triggers(after=NAME, labels=True),
        # It runs no code of the pull request, and treats its results as untrusted.
        remark="zizmor: ignore[dangerous-triggers] no code of the pull request is run",
        group=f"{expression('github.workflow')}-{'-'.join(map(expression, _GROUP))}",
        jobs={
            "judge": CallingJob(
                name=CALLING_JOB,
                workflow=called.path(judge_workflow.FILE),
                remark=called.version or _OWN,
                inputs=called.inputs,
                secrets={},
                permissions=judge_workflow.PERMISSIONS,
            )
        },
    )
