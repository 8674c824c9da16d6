"""Reports made again: `inv report`."""

from invoke import Context, task

from scripts.tasks.command import command


@task(
    help={
        "run": "run id, latest, a run's folder, or a folder of such",
    },
    positional=["run"],
)
@command
def report(_: Context, run: str = "latest") -> None:
    """Write report.html and junit.xml of a run again."""
    from scripts.report.found import results_folder
    from scripts.report.html.build import write_reports
    from scripts.report.terminal import as_typed
    from scripts.settings.metrics import load_metrics
    from scripts.settings.paths import Checkout

    checkout = Checkout.here()
    units = {name: kind.unit for name, kind in load_metrics(checkout).items()}
    for path in write_reports(results_folder(checkout.results, run), units):
        print(as_typed(path))
