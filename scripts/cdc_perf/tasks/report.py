"""Reports of earlier runs: `inv report`."""

from typing import Any

from invoke import Argument, Context, Task, task

from cdc_perf.tasks.command import command
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline


class _Report(Task[Any]):
    """A task whose RUN may be `--points FILE`, because Invoke has no optional positionals."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return Invoke's arguments, with a second name for RUN."""
        arguments = super().get_arguments(ignore_unknown_help)
        run = next(argument for argument in arguments if argument.name == "run")
        run.names = (*run.names, "points")
        return arguments


@task(
    klass=_Report,
    positional=["run"],
    help={
        "run": "run ID, latest, a run folder, a folder of run folders, or a comparison of two "
        "versions; with --points: the file of k6's --out json",
        "base": "run to compare with (default: none)",
        "summary": "with --points: k6's summary, from handleSummary or --summary-export",
        "pipeline": PIPELINE_HELP,
    },
)
@command
@of_pipeline
def report(_: Context, run: str, base: str = "", summary: str = "") -> None:
    """Rebuild report.html and junit.xml of a run, or the report of a comparison, from its files."""
    from pathlib import Path

    from cdc_perf.errors import UsageFailure
    from cdc_perf.perf.comparison.compare import write_comparison
    from cdc_perf.report.compare import compare_runs
    from cdc_perf.report.html.build import BaseRun, restore_series, write_k6_report, write_reports
    from cdc_perf.report.terminal import as_typed
    from cdc_perf.runs.comparisons import find_comparison
    from cdc_perf.runs.loader import read_results
    from cdc_perf.runs.resolve import results_folder
    from cdc_perf.settings.metrics import load_metrics
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import load_scenarios
    from cdc_perf.terminal import show

    checkout = Checkout.here()
    units = {name: kind.unit for name, kind in load_metrics(checkout).items()}
    if summary and base:
        raise UsageFailure("--base: only runs can be compared, not k6's own files")
    if summary:
        show(as_typed(write_k6_report(Path(run), Path(summary), units)))
        return
    if Path(run).is_file():
        raise UsageFailure(
            f"--points: {run} needs k6's summary of the same test", hint="add --summary FILE"
        )
    if versions := find_comparison(checkout.results, run):
        if base:
            raise UsageFailure("--base: a comparison of two versions has its base")
        write_comparison(*versions)
        show(as_typed(versions[0].report))
        return
    folder = results_folder(checkout.results, run)
    base_run = None
    if base:
        known = load_scenarios(checkout).recorded
        before = results_folder(checkout.results, base, "--base")
        recorded = (read_results(each, known) for each in (before, folder))
        base_run = BaseRun(before, compare_runs(*recorded))
    restore_series(folder)
    for path in write_reports(folder, base_run, units):
        show(as_typed(path))
