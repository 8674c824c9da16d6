"""Earlier runs: `inv runs`, `inv compare`, `inv history`."""

from typing import Any

from invoke import Argument, Context, Exit, Task, task

from cdc_perf.tasks.command import JSON_HELP, command
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline
from cdc_perf.wording import counted


class _Compare(Task[Any]):
    """A task whose HEAD has no short name, because `-h` is the help."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return Invoke's arguments, without the short name that Invoke gives HEAD."""
        arguments = super().get_arguments(ignore_unknown_help)
        for argument in arguments:
            argument.names = tuple(name for name in argument.names if name != "h")
        return arguments


@task(
    help={
        "name": "name given with inv perf --name (default: any)",
        "scenario": "scenario that the run contains (default: any)",
        "verdict": "PASS, FAIL, NO-DATA, or INVALID; with --scenario, its verdict (default: any)",
        "commit": "first characters of the commit (default: any)",
        "json": JSON_HELP,
        "pipeline": PIPELINE_HELP,
    }
)
@command
@of_pipeline
def runs(
    _: Context,
    name: str = "",
    scenario: str = "",
    verdict: str = "",
    commit: str = "",
    json: bool = False,
) -> None:
    """List the runs in the results folder, oldest first."""
    from cdc_perf.report.runs import RunFilter, find_runs, runs_json, runs_table
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import load_scenarios
    from cdc_perf.terminal import say, show

    checkout = Checkout.here()
    criteria = RunFilter(name, scenario, verdict, commit)
    found = find_runs(checkout.results, load_scenarios(checkout).recorded, criteria)
    show(runs_json(found.runs) if json else runs_table(found.runs))
    for fault in found.unreadable:
        say(f"skipped, because it is not readable: {fault}")


@task(
    klass=_Compare,
    help={
        "base": "baseline run: run ID, latest, or a folder; with --pairs: a commit or a checkout",
        "head": "run to compare with the baseline run; with --pairs: a commit or a checkout",
        "pairs": "number of pairs: run both versions in turn, then decide whether head is worse",
        "scenarios": "with --pairs: scenario names, separated by commas (default: baseline)",
        "duration": "with --pairs: duration of each scenario (default: that of scenarios.json)",
        "json": JSON_HELP,
        "pipeline": PIPELINE_HELP,
    },
)
@command
@of_pipeline
def compare(
    _: Context,
    base: str,
    head: str,
    pairs: int = 0,
    scenarios: str = "baseline",
    duration: str = "",
    json: bool = False,
) -> None:
    """Show two runs side by side; with --pairs, run two versions in turn and judge them."""
    if pairs:
        _compare_in_turn(base, head, pairs, scenarios, duration, json=json)
        return
    from cdc_perf.report.compare import compare_runs
    from cdc_perf.runs.loader import read_results
    from cdc_perf.runs.resolve import results_folder
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import load_scenarios
    from cdc_perf.terminal import show

    checkout = Checkout.here()
    known = load_scenarios(checkout).recorded
    before, now = (
        read_results(results_folder(checkout.results, run, option), known)
        for option, run in (("BASE", base), ("HEAD", head))
    )
    comparison = compare_runs(before, now)
    show(comparison.json() if json else comparison.text())


@task(
    positional=["scenario"],
    help={"scenario": "scenario name", "json": JSON_HELP, "pipeline": PIPELINE_HELP},
)
@command
@of_pipeline
def history(_: Context, scenario: str, json: bool = False) -> None:
    """Show a scenario's results over time and their lasting changes."""
    from cdc_perf.errors import UsageFailure
    from cdc_perf.report.history import comparable_groups, history_json, history_text
    from cdc_perf.results.history import read_history, read_history_file
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.settings.scenarios import OBSERVE, load_scenarios
    from cdc_perf.terminal import show
    from cdc_perf.tools.cache import Cache
    from cdc_perf.tools.change_points import find_change_points

    checkout = Checkout.here()
    name = load_scenarios(checkout).recorded_name(scenario, option="SCENARIO")
    entries = read_history(checkout.results, name)
    unreadable = read_history_file(checkout.results).unreadable
    if not entries:
        broken = f"; {counted(len(unreadable), 'line')} not readable" if unreadable else ""
        words = "--observe-only 5m" if name == OBSERVE else f"--scenarios {name}"
        raise UsageFailure(
            f"the history has no run of {name}{broken}", hint=f"run: inv perf {words}"
        )
    cache = Cache.of_environment()
    last, *rest = comparable_groups(entries, lambda x: find_change_points(checkout.root, cache, x))
    others = len(entries) - len(last.entries)
    if json:
        show(history_json(last.entries, last.changes, rest, unreadable))
    else:
        show(history_text(last.entries, others, last.changes, rest, unreadable))


def _compare_in_turn(
    base: str, head: str, pairs: int, scenarios: str, duration: str, *, json: bool
) -> None:
    from cdc_perf.errors import UsageFailure
    from cdc_perf.load.overrides import Overrides
    from cdc_perf.perf.pairs import Turns, measure_in_turn, version
    from cdc_perf.perf.plan import make_plan
    from cdc_perf.report.pairs import pairs_json, pairs_table
    from cdc_perf.settings.paths import Checkout
    from cdc_perf.terminal import show
    from cdc_perf.verdict.turns import judge_turns

    if pairs < 1:
        raise UsageFailure(f"--pairs: {pairs} is not a positive number")
    here = Checkout.here()
    make_plan(here, scenarios, Overrides.parse(duration, "", ""))  # to report a bad option early
    with version(here, base, "BASE") as before, version(here, head, "HEAD") as now:
        turns = Turns(scenarios, duration, pairs)
        result = judge_turns(measure_in_turn(before, now, here.results, turns))
    show(pairs_json(result) if json else pairs_table(result))
    if result.exit_code:
        raise Exit(code=result.exit_code)
