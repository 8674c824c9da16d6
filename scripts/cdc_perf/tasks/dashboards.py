"""Grafana's provisioned files: `inv dashboards`."""

from invoke import Context, task

from cdc_perf.tasks.command import command
from cdc_perf.tasks.generated import write_or_check


@task(help={"check": "write nothing; say what differs"})
@command
def dashboards(_: Context, check: bool = False) -> None:
    """Write Grafana's dashboards and datasource, or check that they are up to date."""
    from cdc_perf.errors import UsageFailure

    try:
        from cdc_perf.dashboards import generate
    except ImportError:
        raise UsageFailure(
            "the dashboards need grafana-foundation-sdk", hint="nox -s dev installs it"
        ) from None
    write_or_check(
        generate.dashboards(), check=check, what="Grafana's files", command="inv dashboards"
    )
