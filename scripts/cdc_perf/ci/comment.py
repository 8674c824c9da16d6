"""performance-comment.yml: the required status of a commit, and the comment on a pull request.

A pull request's own run can do neither: a fork's token cannot write, and its results are only its
own claims. The end of that run starts this workflow, in the base repository and from the default
branch; so does the label that accepts a change, which judges the same results again. This workflow
never runs the pull request's code, and treats the results as untrusted.
"""

from cdc_perf.ci import performance
from cdc_perf.ci.calls import task_step
from cdc_perf.ci.comparison_plan import VARIABLE
from cdc_perf.ci.model import TRUSTED_RUNNER, Job, Level, Permission, Triggers, Workflow, expression
from cdc_perf.ci.plan import MERGE_GROUP, PULL_REQUEST
from cdc_perf.ci.project import CiProject
from cdc_perf.ci.steps import checkout, python
from cdc_perf.publish.github import TOKEN
from cdc_perf.publish.labels import LABEL
from cdc_perf.publish.names import PULL_REQUEST_RUN, WORKFLOW_PATH

FILE = "performance-comment.yml"
_TRIGGER = "github.event.workflow_run"
_PULL_REQUEST = "github.event.pull_request"
_MINUTES = 10
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


def performance_comment(project: CiProject) -> Workflow:
    """Return the workflow that sets the status and comments on pull requests."""
    return Workflow(
        name="Performance status and comment",
        triggers=Triggers(after=performance.NAME, labels=True),
        # It runs no code of the pull request, and treats its results as untrusted.
        remark="zizmor: ignore[dangerous-triggers] no code of the pull request is run",
        group=f"{expression('github.workflow')}-{'-'.join(map(expression, _GROUP))}",
        cancel=False,
        jobs={
            "judge": Job(
                name="Judge",
                condition=f"{_TRIGGER}.event == '{PULL_REQUEST}' || "
                f"{_TRIGGER}.event == '{MERGE_GROUP}' || "
                f"github.event.label.name == '{LABEL}'",
                timeout_minutes=_MINUTES,
                permissions=(
                    Permission("actions", Level.READ, "finds and downloads the results"),
                    Permission("contents", Level.READ, "checks out the default branch"),
                    Permission("issues", Level.READ, "reads when a label was added, and by whom"),
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
                        variables={
                            TOKEN: expression("github.token"),
                            VARIABLE: expression(f"vars.{VARIABLE}"),
                        },
                    ),
                ),
            )
        },
    )
