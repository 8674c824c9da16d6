"""The workflow files, from the project alone: nothing here looks at the disk."""

from cdc_perf.ci import checks, comment, performance
from cdc_perf.ci.drift import GeneratedFiles
from cdc_perf.ci.emit import HEADER, emit
from cdc_perf.ci.project import CiProject

FOLDER = ".github/workflows"


def generate(project: CiProject) -> GeneratedFiles:
    """Return the workflow files.

    Raises:
        UsageFailure: A step calls a task, an argument or a session that there is not.
    """
    workflows = {
        performance.FILE: performance.performance_test(project),
        comment.FILE: comment.performance_comment(project),
        checks.FILE: checks.checks(project),
    }
    return GeneratedFiles(
        wanted={f"{FOLDER}/{name}": emit(workflow) for name, workflow in workflows.items()},
        suffixes=(".yml", ".yaml"),
        mark=HEADER,
    )
