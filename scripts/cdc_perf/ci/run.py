"""run.yml: plan -> performance-test (one scenario each), compare -> report -> gate.

Other workflows call it, in this repository and in those of others; `github` is the caller's.
"""

from dataclasses import replace

from cdc_perf.ci.calls import Given, task_step
from cdc_perf.ci.gate import NEEDS
from cdc_perf.ci.inputs import (
    ADDRESSES,
    DURATION,
    INPUTS,
    KAFKA_CLIENT,
    KAFKA_CLIENT_FILE,
    PIPELINE_ENVIRONMENT,
    SCENARIO,
    SECRETS,
    STACK_LOGS,
    TOOL,
    Input,
    given,
)
from cdc_perf.ci.model import (
    PERF_RUNNER,
    Call,
    Job,
    Run,
    Step,
    Triggers,
    Uses,
    Workflow,
    expression,
)
from cdc_perf.ci.pins import UPLOAD
from cdc_perf.ci.plan import Output
from cdc_perf.ci.project import CiProject
from cdc_perf.ci.steps import READS_CODE, TOOL_CACHE, checkouts, download, python, tools
from cdc_perf.publish.names import (
    COMPARE_JOB,
    GATE_JOB,
    REPORT_JOB,
    comparison_name,
    results_name,
    scenario_results_name,
)
from cdc_perf.results.comparison_folder import COMPARISONS
from cdc_perf.results.history import HISTORY_FILE
from cdc_perf.results.run_folder import LATEST

FILE = "run.yml"
# Commands run in the folder of cdc-perf; paths of artifacts begin at the workspace.
_RESULTS = "k6/results"
_STORED, _LOGS = f"{TOOL}/{_RESULTS}", "logs"
_COMPARISONS = f"{_STORED}/{COMPARISONS}"
_COMPARISON_LOGS = f"{_COMPARISONS}/*/{_LOGS}"
_SHORT_MINUTES = 15
_ALWAYS = "always()"
# The link to the latest run would duplicate its files. The history belongs to one results folder: a
# download into another must not replace the user's own file.
_LEFT_OUT = {_STORED: (LATEST, HISTORY_FILE), _COMPARISONS: (f"*/{_LOGS}", "*/k6")}
_RUN_ID = expression("github.run_id")
_ATTEMPT = expression("github.run_attempt")
_SCENARIO = expression("matrix.scenario")
# The inputs of a manual start of the caller, which it need not pass.
_MANUAL = "github.event.inputs"

RESULTS_DAYS = 30
LOGS_DAYS = 7

SCENARIO_RESULTS = scenario_results_name(_SCENARIO, _RUN_ID, _ATTEMPT)
SCENARIO_LOGS = f"logs-{_SCENARIO}-{_RUN_ID}-{_ATTEMPT}"
# Of every attempt: if only failed jobs are rerun, the others' results are of an earlier one.
ALL_SCENARIO_RESULTS = f"k6-results-*-{_RUN_ID}-*"
RESULTS = results_name(_RUN_ID, _ATTEMPT)
COMPARISON = comparison_name(_RUN_ID, _ATTEMPT)
COMPARISON_LOGS = f"logs-compare-{_RUN_ID}-{_ATTEMPT}"
ALL_COMPARISONS = comparison_name(_RUN_ID, "*")
# A comparison starts two stacks side by side, which only this stack can.
COMPARISON_STACK = "local"
# With its parents: a pull request is checked out as a merge into its base. A merge group may be
# many commits on top of its base, so it needs the whole history.
_WITH_BASE = expression("github.event_name == 'merge_group' && '0' || '2'")


def run_workflow(project: CiProject) -> Workflow:
    """Return the workflow that runs the scenarios and judges them."""
    return Workflow(
        name="Run performance tests",
        triggers=Triggers(call=Call(INPUTS, SECRETS)),
        folder=TOOL,
        jobs={
            "plan": _plan(project),
            "performance-test": _performance_test(project),
            "compare": _compare(project),
            "report": _report(project),
            "gate": _gate(project),
        },
    )


def job_name(scenario: str) -> str:
    """Return the name of the job that runs a scenario."""
    return f"Run {scenario}"


def _begin(project: CiProject, *, depth: int | str = 1) -> tuple[Step, ...]:
    return (*checkouts(depth=depth), *python(project.pythons[0], "perf", folder=TOOL))


def _plan(project: CiProject) -> Job:
    return Job(
        name="Plan",
        timeout_minutes=_SHORT_MINUTES,
        permissions=(READS_CODE,),
        env=PIPELINE_ENVIRONMENT,
        outputs={x.value: expression(f"steps.plan.outputs.{x}") for x in Output},
        steps=(
            *_begin(project, depth=_WITH_BASE),
            task_step(
                project,
                "Plan the scenarios",
                project.tasks.plan,
                step_id="plan",
                # A manual start has its own.
                scenarios=Given(
                    "SCENARIOS",
                    expression(f"{_MANUAL}.{SCENARIO} || inputs.{Input.SCENARIOS}"),
                ),
                duration=Given("DURATION", expression(f"{_MANUAL}.{DURATION}")),
                stack=given(Input.STACK),
                minutes=given(Input.MINUTES),
                paths=given(Input.PATHS),
            ),
        ),
    )


def _performance_test(project: CiProject) -> Job:
    return Job(
        name=job_name(expression("matrix.scenario")),
        needs=("plan",),
        condition=f"needs.plan.outputs.{Output.RELEVANT} == 'true'",
        timeout_minutes=expression("matrix.timeout_minutes"),
        permissions=(READS_CODE,),
        matrix=expression(f"fromJSON(needs.plan.outputs.{Output.MATRIX})"),
        env={**PIPELINE_ENVIRONMENT, **TOOL_CACHE},
        runner=PERF_RUNNER,
        steps=(
            *_begin(project),
            *tools(project, given(Input.STACK)),
            Run(
                "Write the settings of Kafka's clients",
                'if [ -n "$SETTINGS" ]; then umask 077; file="$RUNNER_TEMP/kafka-client"; '
                'printf "%s\\n" "$SETTINGS" > "$file"; '
                f'echo "{KAFKA_CLIENT_FILE}=$file" >> "$GITHUB_ENV"; fi',
                {"SETTINGS": expression(f"secrets.{KAFKA_CLIENT}")},
            ),
            task_step(
                project,
                "Run the scenario",
                project.tasks.perf,
                scenarios=Given("SCENARIO", expression("matrix.scenario")),
                duration=Given("DURATION", expression(f"needs.plan.outputs.{Output.DURATION}")),
                env=given(Input.ENVIRONMENT),
                stack=given(Input.STACK),
                # Whoever reviewed a workflow with an external stack agreed that a run writes there.
                yes=True,
                variables={name: expression(f"secrets.{name}") for name in ADDRESSES},
            ),
            _upload("Upload the results", SCENARIO_RESULTS, _STORED, RESULTS_DAYS),
            _upload("Upload the logs", SCENARIO_LOGS, f"{STACK_LOGS}/.stack/logs", LOGS_DAYS),
        ),
    )


def _compare(project: CiProject) -> Job:
    def output(name: Output) -> str:
        return expression(f"needs.plan.outputs.{name}")

    return Job(
        name=COMPARE_JOB,
        needs=("plan",),
        condition=f"needs.plan.outputs.{Output.COMPARE} == 'true'",
        timeout_minutes=expression(f"fromJSON(needs.plan.outputs.{Output.COMPARE_TIMEOUT})"),
        permissions=(READS_CODE,),
        env={**PIPELINE_ENVIRONMENT, **TOOL_CACHE},
        runner=PERF_RUNNER,
        steps=(
            *_begin(project, depth=_WITH_BASE),
            *tools(project, COMPARISON_STACK),
            task_step(
                project,
                "Compare the two versions",
                project.tasks.compare,
                base=Given("BASE", output(Output.BASE)),
                head=Given("HEAD", output(Output.HEAD)),
                minutes=Given("MINUTES", output(Output.MINUTES)),
            ),
            _upload("Upload the comparison", COMPARISON, _COMPARISONS, RESULTS_DAYS),
            _upload("Upload the logs", COMPARISON_LOGS, _COMPARISON_LOGS, LOGS_DAYS),
        ),
    )


def _report(project: CiProject) -> Job:
    return Job(
        name=REPORT_JOB,
        needs=("plan", "performance-test", "compare"),
        condition=f"{_ALWAYS} && needs.plan.outputs.{Output.RELEVANT} == 'true'",
        timeout_minutes=_SHORT_MINUTES,
        permissions=(READS_CODE,),
        env=PIPELINE_ENVIRONMENT,
        steps=(
            *_begin(project),
            _download(),
            download("Download the comparison", ALL_COMPARISONS, _COMPARISONS),
            task_step(project, "Write the job summary", project.tasks.publish, run=_RESULTS),
            task_step(
                project, "Write one report of all scenarios", project.tasks.report, run=_RESULTS
            ),
            _upload("Upload the results of all scenarios", RESULTS, _STORED, RESULTS_DAYS),
        ),
    )


def _gate(project: CiProject) -> Job:
    steps: tuple[Step, ...] = (
        *_begin(project),
        _download(),
        task_step(
            project,
            "Pass only if every planned scenario passed",
            project.tasks.gate,
            results=_RESULTS,
            variables={NEEDS: expression("toJSON(needs)")},
        ),
    )
    return Job(
        name=GATE_JOB,
        needs=("plan", "performance-test", "compare", "report"),
        # A skipped job would count as a success, and so would one whose steps are skipped, as in a
        # cancelled workflow.
        condition=_ALWAYS,
        timeout_minutes=_SHORT_MINUTES,
        permissions=(READS_CODE,),
        env=PIPELINE_ENVIRONMENT,
        steps=tuple(replace(step, condition=_ALWAYS) for step in steps),
    )


def _upload(name: str, artifact: str, path: str, days: int) -> Uses:
    left_out = "".join(f"!{path}/{x}\n" for x in _LEFT_OUT.get(path, ()))
    return Uses(
        name,
        UPLOAD,
        {
            "name": artifact,
            "path": f"{path}/\n{left_out}" if left_out else f"{path}/",
            "include-hidden-files": "/." in path,
            "if-no-files-found": "error",
            "retention-days": days,
        },
        condition=_ALWAYS,
    )


def _download() -> Uses:
    return download("Download the results of each scenario", ALL_SCENARIO_RESULTS, _STORED)
