"""judge.yml: the required status of a commit, and the comment on a pull request.

It never runs code of a pull request, and treats the results as untrusted. Its code is that of the
called version; the thresholds and the load are those of the caller's default branch.
"""

from cdc_perf.ci.calls import task_step
from cdc_perf.ci.inputs import INPUTS, PIPELINE_ENVIRONMENT, TOOL, Input, given
from cdc_perf.ci.model import (
    TRUSTED_RUNNER,
    Call,
    Job,
    Level,
    Permission,
    Triggers,
    Workflow,
    expression,
)
from cdc_perf.ci.plan import MERGE_GROUP, PULL_REQUEST
from cdc_perf.ci.project import CiProject
from cdc_perf.ci.steps import checkouts, python
from cdc_perf.publish.github import TOKEN
from cdc_perf.publish.labels import LABEL

FILE = "judge.yml"
PERMISSIONS = (
    Permission("actions", Level.READ, "finds and downloads the results"),
    Permission("contents", Level.READ, "checks out the default branch"),
    Permission("issues", Level.READ, "reads when a label was added, and by whom"),
    Permission("pull-requests", Level.WRITE, "writes the comment"),
    Permission("statuses", Level.WRITE, "sets the required status"),
)
_EVENT = "github.event.workflow_run.event"
_MINUTES = 10


def judge_workflow(project: CiProject) -> Workflow:
    """Return the workflow that sets the status and comments on pull requests."""
    return Workflow(
        name="Judge performance tests",
        triggers=Triggers(call=Call(INPUTS)),
        folder=TOOL,
        jobs={
            "judge": Job(
                name="Judge",
                condition=f"{_EVENT} == '{PULL_REQUEST}' || {_EVENT} == '{MERGE_GROUP}' || "
                f"github.event.label.name == '{LABEL}'",
                timeout_minutes=_MINUTES,
                permissions=PERMISSIONS,
                env=PIPELINE_ENVIRONMENT,
                runner=TRUSTED_RUNNER,
                steps=(
                    # Without a ref, which for these events means the default branch.
                    *checkouts(),
                    # No cache: it may contain code that was stored with fewer permissions.
                    *python(project.pythons[0], "perf", cached=False, folder=TOOL),
                    task_step(
                        project,
                        "Set the status and comment",
                        project.tasks.judge,
                        scenarios=given(Input.SCENARIOS),
                        stack=given(Input.STACK),
                        env=given(Input.ENVIRONMENT),
                        minutes=given(Input.MINUTES),
                        paths=given(Input.PATHS),
                        variables={TOKEN: expression("github.token")},
                    ),
                ),
            )
        },
    )
