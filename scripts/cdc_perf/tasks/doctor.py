"""The check of this machine: `inv doctor`."""

from invoke import Context, Exit, task

from cdc_perf.tasks.command import JSON_HELP, command
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline


@task(help={"json": JSON_HELP, "pipeline": PIPELINE_HELP})
@command
@of_pipeline
def doctor(_: Context, json: bool = False) -> None:
    """Check this machine: show what is installed, what is missing, and how to fix problems."""
    from cdc_perf.errors import ExitCode
    from cdc_perf.report.stack import diagnosis_json, diagnosis_table
    from cdc_perf.stack.compose.engine import diagnose_docker
    from cdc_perf.stack.local.diagnosis import Health, diagnose
    from cdc_perf.tasks.context import workspace
    from cdc_perf.terminal import show

    here = workspace()
    findings = (*diagnose(here.checkout, here.pipeline, here.cache), diagnose_docker())
    show(diagnosis_json(findings) if json else diagnosis_table(findings))
    if any(finding.health is Health.WRONG for finding in findings):
        raise Exit(code=ExitCode.STACK)
