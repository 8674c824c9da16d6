"""The JSON Schemas: `inv schemas`."""

from invoke import Context, task

from cdc_perf.tasks.command import command
from cdc_perf.tasks.generated import write_or_check


@task(help={"check": "compare only; write nothing"})
@command
def schemas(_: Context, check: bool = False) -> None:
    """Write the JSON Schemas of settings and of verdict.json; --check compares them."""
    from cdc_perf.ci import schemas as published
    from cdc_perf.settings.metrics import load_metrics
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import load_scenarios

    checkout = Checkout.here()
    write_or_check(
        checkout.root,
        published.schemas(load_scenarios(checkout).names, load_metrics(checkout)),
        check=check,
        what="the JSON Schemas",
        command="inv schemas",
    )
