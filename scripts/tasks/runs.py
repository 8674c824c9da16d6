"""What was measured before: `inv runs`, `inv compare`."""

from invoke import Context, task

from scripts.tasks.command import command


@task(
    help={
        "name": "runs of that name (inv perf --name)",
        "scenario": "runs that have it",
        "verdict": "PASS, FAIL, NO-DATA or INVALID; with --scenario, the scenario's",
        "commit": "how the commit begins",
        "json": "for programs",
    }
)
@command
def runs(
    _: Context,
    name: str = "",
    scenario: str = "",
    verdict: str = "",
    commit: str = "",
    json: bool = False,
) -> None:
    """List the runs in the results folder, the oldest first."""
    from scripts.report.live import say
    from scripts.report.runs import Wanted, find_runs, runs_json, runs_table
    from scripts.settings.paths import Checkout
    from scripts.settings.scenarios import load_scenarios

    checkout = Checkout.here()
    wanted = Wanted(name, scenario, verdict, commit)
    found = find_runs(checkout.results, load_scenarios(checkout).names, wanted)
    print(runs_json(found.runs) if json else runs_table(found.runs))
    for fault in found.unreadable:
        say(f"cannot be read: {fault}")


@task(
    help={
        "base": "run id, latest, or a run's folder",
        "head": "what to hold against it",
        "json": "for programs",
    }
)
@command
def compare(_: Context, base: str, head: str, json: bool = False) -> None:
    """Show two runs side by side: both values, their samples, and the change."""
    from scripts.report.compare import compare_runs
    from scripts.report.found import results_folder
    from scripts.report.recorded import read_results
    from scripts.settings.paths import Checkout
    from scripts.settings.scenarios import load_scenarios

    checkout = Checkout.here()
    known = load_scenarios(checkout).names
    before, now = (
        read_results(results_folder(checkout.results, run), known) for run in (base, head)
    )
    comparison = compare_runs(before, now)
    print(comparison.json() if json else comparison.text())
