"""performance-comment.yml: the comment on a pull request, forks included.

A pull request's own run has no right to comment: a fork's token cannot write. This one is started
by its end, in the base repository and from the default branch, and never runs a line of the pull
request's code; the results are read as a stranger's.
"""

from scripts.ci import performance
from scripts.ci.calls import task_step
from scripts.ci.model import Job, Level, Permission, Triggers, Workflow, expression
from scripts.ci.project import Project
from scripts.ci.steps import checkout, python
from scripts.publish.github import TOKEN
from scripts.publish.source import WORKFLOW_RUN

FILE = "performance-comment.yml"
_TRIGGER = "github.event.workflow_run"
_MINUTES = 10


def performance_comment(project: Project) -> Workflow:
    """Return the workflow that comments on pull requests."""
    return Workflow(
        name="Performance comment",
        triggers=Triggers(after=performance.NAME),
        # It runs no code of the pull request, and takes its results for a stranger's.
        remark="zizmor: ignore[dangerous-triggers] no code of the pull request is run",
        group=f"{expression('github.workflow')}-"
        f"{expression(f'{_TRIGGER}.head_repository.full_name')}-"
        f"{expression(f'{_TRIGGER}.head_branch')}-"
        # Of two pull requests with one head each has a comment, and a run, of its own.
        f"{expression(f'{_TRIGGER}.display_title')}",
        cancel=False,
        jobs={
            "comment": Job(
                name="Comment",
                condition=f"{_TRIGGER}.event == 'pull_request'",
                timeout_minutes=_MINUTES,
                permissions=(
                    Permission("actions", Level.READ, "finds and downloads the results"),
                    Permission("contents", Level.READ, "checks out the default branch"),
                    Permission("pull-requests", Level.WRITE, "writes the comment"),
                ),
                steps=(
                    # Without a ref: for this event that is the default branch.
                    checkout(),
                    # Nothing cached: what was put there under a lesser token is not run here.
                    *python(project.pythons[0], "perf", cached=False),
                    task_step(
                        project,
                        "Comment on the pull request",
                        project.tasks.publish,
                        run=WORKFLOW_RUN,
                        comment=True,
                        variables={TOKEN: expression("github.token")},
                    ),
                ),
            )
        },
    )
