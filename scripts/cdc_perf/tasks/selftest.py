"""Fault injection: `inv selftest`."""

from invoke import Context, Exit, task

from cdc_perf.tasks.command import command
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline


@task(
    help={
        "only": "fault names, separated by commas (default: all faults)",
        "json": "JSON output in place of the table",
        "write": "update docs/verdicts.md if every fault gets its expected verdict",
        "pipeline": PIPELINE_HELP,
    }
)
@command
@of_pipeline
def selftest(_: Context, only: str = "", json: bool = False, write: bool = False) -> None:
    """Inject one fault at a time on a separate stack; exit 12 if one is not detected."""
    from cdc_perf.errors import ExitCode, UsageFailure
    from cdc_perf.files import json_text, write_atomically
    from cdc_perf.results.run_folder import check_results_folder
    from cdc_perf.selftest.faults import select
    from cdc_perf.selftest.outcome import markdown, text
    from cdc_perf.selftest.trial import try_faults
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.terminal import say, show

    if only and write:
        raise UsageFailure("--write: docs/verdicts.md lists every fault", hint="omit --only")
    checkout = Checkout.here()
    faults = select(only)
    check_results_folder(checkout.results)
    outcomes = try_faults(faults, checkout)
    show(json_text(outcomes) if json else text(outcomes))
    if any(outcome.wrong for outcome in outcomes):
        # INVALID, not FAIL, because a harness that misses faults cannot judge a pipeline.
        raise Exit(code=ExitCode.INVALID)
    if write:
        write_atomically(checkout.root / "docs" / "verdicts.md", markdown(outcomes))
        say("docs/verdicts.md is written")
