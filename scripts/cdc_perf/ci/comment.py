"""performance-comment.yml: the required status of a commit, and the comment on a pull request.

A pull request's own run can do neither: a fork's token cannot write, and its results are only its
own claims. The end of that run starts this workflow, in the base repository and from the default
branch. It never runs the pull request's code, and treats the results as untrusted.
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
    """Return the workflow that sets the status and comments on pull requests."""
    return Workflow(
        name="Performance status and comment",
        triggers=Triggers(after=performance.NAME),
        # It runs no code of the pull request, and treats its results as untrusted.
        remark="zizmor: ignore[dangerous-triggers] no code of the pull request is run",
        group=f"{expression('github.workflow')}-"
        # Another workflow may have the same name; its runs must not replace this one's in the
        # queue, where only the last run waits.
        f"{expression(f'{_TRIGGER}.path')}-"
        f"{expression(f'{_TRIGGER}.head_repository.full_name')}-"
        f"{expression(f'{_TRIGGER}.head_branch')}-"
        # Each of two pull requests with the same head has its own comment and run.
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
                    # Without a ref, which for this event means the default branch.
                    checkout(),
                    # No cache: it may contain code that was stored with fewer permissions.
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
