"""Results for reviewers: `inv publish`."""

from invoke import Context, task

from cdc_perf.tasks.command import command
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline


@task(
    help={
        "run": "run ID, latest, a run folder, or a folder of run folders",
        "pipeline": PIPELINE_HELP,
    }
)
@command
@of_pipeline
def publish(_: Context, run: str) -> None:
    """Write a run's job summary; print it outside CI."""
    import os

    from cdc_perf.publish.runner import write_summary
    from cdc_perf.publish.summary import comparison_summary, local_results, summary_of
    from cdc_perf.runs.resolve import results_folder
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import load_scenarios
    from cdc_perf.terminal import show

    checkout = Checkout.here()
    known = load_scenarios(checkout).recorded
    folder = results_folder(checkout.results, run)
    results = summary_of(local_results(checkout.results, run, known))
    summary = f"{comparison_summary(folder)}{results}"
    if not write_summary(os.environ, summary):
        show(summary, end="")
