"""What Grafana is provisioned with: `inv dashboards`."""

from invoke import Context, task

from scripts.tasks.command import command
from scripts.tasks.generated import write_or_check


@task(help={"check": "write nothing; say what differs"})
@command
def dashboards(_: Context, check: bool = False) -> None:
    """Write Grafana's dashboards and datasource, or check that they are up to date."""
    from scripts.errors import UsageFailure

    try:
        from scripts.dashboards import generate
    except ImportError:
        raise UsageFailure(
            "the dashboards need grafana-foundation-sdk", hint="nox -s dev installs it"
        ) from None
    write_or_check(
        generate.dashboards(), check=check, what="Grafana's files", command="inv dashboards"
    )
