"""The JSON Schemas: `inv schemas`."""

from invoke import Context, task

from scripts.tasks.command import command
from scripts.tasks.generated import write_or_check


@task(help={"check": "write nothing; say what differs"})
@command
def schemas(_: Context, check: bool = False) -> None:
    """Write the JSON Schemas of thresholds.json and verdict.json, or check them."""
    from scripts.ci import schemas as published
    from scripts.settings.metrics import load_metrics
    from scripts.settings.paths import Checkout
    from scripts.settings.scenarios import load_scenarios

    checkout = Checkout.here()
    write_or_check(
        published.schemas(load_scenarios(checkout).names, load_metrics(checkout)),
        check=check,
        what="the JSON Schemas",
        command="inv schemas",
    )
