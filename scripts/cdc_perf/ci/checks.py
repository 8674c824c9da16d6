"""ci.yml: check that this checkout works, with the sessions that a developer runs."""

from collections.abc import Mapping

from cdc_perf.ci.calls import session_step
from cdc_perf.ci.model import Job, Step, Triggers, Workflow, expression
from cdc_perf.ci.project import CiProject, Session
from cdc_perf.ci.steps import READS_CODE, TOOL_CACHE, checkout, python, tools

FILE = "ci.yml"
_LIBRARIES = ("dev",)
_PROGRAMS = ("dev", "workflow")
_MINUTES = 15
# The first run builds the tools.
_WITH_TOOLS_MINUTES = 60


def checks(project: CiProject) -> Workflow:
    """Return the workflow that runs linters and tests."""
    return Workflow(
        name="CI",
        triggers=Triggers(pull_request=True, merge_queue=True, push_to=("main",)),
        group=f"{expression('github.workflow')}-"
        f"{expression('github.event.pull_request.number || github.run_id')}",
        cancel=expression("github.event_name == 'pull_request'"),
        jobs=check_jobs(project),
    )


def check_jobs(project: CiProject, *, cached: bool = True) -> Mapping[str, Job]:
    """Return the jobs that run linters and tests, by ID.

    Args:
        project: The project.
        cached: Whether they use caches, which other workflows write too.
    """
    sessions = project.sessions
    return {
        "lint": Job(
            name="Linters and types",
            timeout_minutes=_MINUTES,
            permissions=(READS_CODE,),
            steps=(
                *_begin(project.pythons[0], cached=cached),
                session_step(project, "Lint", sessions.lint),
                session_step(project, "Check the types", sessions.typecheck),
            ),
        ),
        "unit": Job(
            name=f"Unit tests, Python {expression('matrix.python')}",
            timeout_minutes=_MINUTES,
            permissions=(READS_CODE,),
            matrix={"python": project.pythons},
            steps=(
                *_begin(expression("matrix.python"), cached=cached),
                session_step(project, "Run the unit tests", sessions.tests, "tests/unit"),
            ),
        ),
        "integration": _with_tools(
            project, "Integration tests", sessions.tests, "tests/integration", cached=cached
        ),
        "compose": _with_tools(
            project, "Compose stack", sessions.compose_tests, stack="compose", cached=cached
        ),
        # act, which runs the workflows, has its own lock file.
        "workflow": _with_tools(
            project, "Workflows", sessions.workflow, locks=_PROGRAMS, cached=cached
        ),
    }


def _with_tools(
    project: CiProject,
    name: str,
    session: Session,
    *posargs: str,
    locks: tuple[str, ...] = _LIBRARIES,
    stack: str = "local",
    cached: bool,
) -> Job:
    return Job(
        name=name,
        timeout_minutes=_WITH_TOOLS_MINUTES,
        permissions=(READS_CODE,),
        env=TOOL_CACHE,
        steps=(
            *_begin(project.pythons[0], locks, cached=cached),
            *tools(project, stack, cached=cached),
            session_step(project, f"Run the session {session.__name__}", session, *posargs),
        ),
    )


def _begin(version: str, locks: tuple[str, ...] = _LIBRARIES, *, cached: bool) -> tuple[Step, ...]:
    return (checkout(), *python(version, *locks, cached=cached))
