"""Fault injection: `inv selftest`."""

from invoke import Context, Exit, task

from cdc_perf.tasks.command import command


@task(
    help={
        "only": "names of faults separated by commas",
        "json": "for programs, in place of the table",
        "write": "write docs/verdicts.md anew, if every fault gets the verdict that is due",
    }
)
@command
def selftest(_: Context, only: str = "", json: bool = False, write: bool = False) -> None:
    """Inject one fault at a time into its own stack; exit 12 if a gate misses one."""
    from cdc_perf.errors import ExitCode, UsageFailure
    from cdc_perf.files import json_text, write_atomically
    from cdc_perf.results.run_folder import check_results_folder
    from cdc_perf.selftest.faults import select
    from cdc_perf.selftest.outcome import markdown, text
    from cdc_perf.selftest.trial import try_faults
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.terminal import say, show

    if only and write:
        raise UsageFailure("--write: docs/verdicts.md holds every fault; leave --only out")
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
