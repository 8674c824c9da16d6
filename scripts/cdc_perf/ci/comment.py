"""performance-comment.yml: the required status of a commit, and the comment on a pull request.

A pull request's own run can do neither: a fork's token cannot write, and whatever it says it says
of itself. This workflow is started by the end of that run, in the base repository and from the
default branch. It never runs a line of the pull request's code, and reads the results as a
stranger's.
"""

from cdc_perf.ci import performance
from cdc_perf.ci.calls import task_step
from cdc_perf.ci.model import TRUSTED_RUNNER, Job, Level, Permission, Triggers, Workflow, expression
from cdc_perf.ci.plan import MERGE_GROUP, PULL_REQUEST
from cdc_perf.ci.project import CiProject
from cdc_perf.ci.steps import checkout, python
from cdc_perf.publish.github import TOKEN

FILE = "performance-comment.yml"
_TRIGGER = "github.event.workflow_run"
_MINUTES = 10


def performance_comment(project: CiProject) -> Workflow:
    """Return the workflow that sets the status, and comments on pull requests."""
    return Workflow(
        name="Performance status and comment",
        triggers=Triggers(after=performance.NAME),
        # It runs no code of the pull request, and takes its results for a stranger's.
        remark="zizmor: ignore[dangerous-triggers] no code of the pull request is run",
        group=f"{expression('github.workflow')}-"
        # Another workflow may have the same name: its runs must not push this one's out of the
        # queue, in which only the last waits.
        f"{expression(f'{_TRIGGER}.path')}-"
        f"{expression(f'{_TRIGGER}.head_repository.full_name')}-"
        f"{expression(f'{_TRIGGER}.head_branch')}-"
        # Of two pull requests with one head each has a comment, and a run, of its own.
        f"{expression(f'{_TRIGGER}.display_title')}",
        cancel=False,
        jobs={
            "judge": Job(
                name="Judge",
                condition=f"{_TRIGGER}.event == '{PULL_REQUEST}' || "
                f"{_TRIGGER}.event == '{MERGE_GROUP}'",
                timeout_minutes=_MINUTES,
                permissions=(
                    Permission("actions", Level.READ, "finds and downloads the results"),
                    Permission("contents", Level.READ, "checks out the default branch"),
                    Permission("pull-requests", Level.WRITE, "writes the comment"),
                    Permission("statuses", Level.WRITE, "sets the required status"),
                ),
                runner=TRUSTED_RUNNER,
                steps=(
                    # Without a ref: for this event that is the default branch.
                    checkout(),
                    # Nothing cached: what was put there under a lesser token is not run here.
                    *python(project.pythons[0], "perf", cached=False),
                    task_step(
                        project,
                        "Set the status and comment",
                        project.tasks.judge,
                        variables={TOKEN: expression("github.token")},
                    ),
                ),
            )
        },
    )
