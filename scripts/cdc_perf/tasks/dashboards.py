"""Grafana's provisioned files: `inv dashboards`."""

from invoke import Context, task

from cdc_perf.tasks.command import command
from cdc_perf.tasks.generated import write_or_check


@task(help={"check": "compare only; write nothing"})
@command
def dashboards(_: Context, check: bool = False) -> None:
    """Write Grafana's dashboards and datasource; --check compares them."""
    from cdc_perf.errors import UsageFailure
    from cdc_perf.settings.paths import Checkout

    try:
        from cdc_perf.dashboards import generate
    except ImportError:
        raise UsageFailure(
            "inv dashboards needs grafana-foundation-sdk", hint="run: nox -s dev"
        ) from None
    write_or_check(
        Checkout.here().root,
        generate.dashboards(),
        check=check,
        what="Grafana's files",
        command="inv dashboards",
    )
