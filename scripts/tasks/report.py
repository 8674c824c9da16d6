"""Reports made again: `inv report`."""

from typing import Any

from invoke import Argument, Context, Task, task

from scripts.tasks.command import command


class _Report(Task[Any]):
    """A task whose RUN may be `--points FILE`: Invoke has no positional that may be left out."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return Invoke's arguments, RUN with its second name."""
        arguments = super().get_arguments(ignore_unknown_help)
        run = next(argument for argument in arguments if argument.name == "run")
        run.names = (*run.names, "points")
        return arguments


@task(
    klass=_Report,
    positional=["run"],
    help={
        "run": "run id, latest, a run's folder, a folder of such; or --points: what k6 wrote "
        "with --out json",
        "summary": "with --points: k6's summary, by handleSummary or --summary-export",
    },
)
@command
def report(_: Context, run: str, summary: str = "") -> None:
    """Write report.html and junit.xml of a run again, from whatever is left of it."""
    from pathlib import Path

    from scripts.errors import UsageFailure
    from scripts.report.found import results_folder
    from scripts.report.html.build import restore_series, write_k6_report, write_reports
    from scripts.report.terminal import as_typed
    from scripts.settings.metrics import load_metrics
    from scripts.settings.paths import Checkout

    checkout = Checkout.here()
    units = {name: kind.unit for name, kind in load_metrics(checkout).items()}
    if summary:
        print(as_typed(write_k6_report(Path(run), Path(summary), units)))
        return
    if Path(run).is_file():
        raise UsageFailure(
            f"--points: {run} needs the summary of the same test beside it", hint="--summary FILE"
        )
    folder = results_folder(checkout.results, run)
    restore_series(folder)
    for path in write_reports(folder, units):
        print(as_typed(path))
