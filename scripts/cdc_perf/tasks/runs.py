"""Earlier runs: `inv runs`, `inv compare`, `inv history`."""

from typing import TYPE_CHECKING, Any

from invoke import Argument, Context, Exit, Task, task

from cdc_perf.installation import COMMAND
from cdc_perf.perf.comparison.settings import EFFECT, MINUTES, RATE
from cdc_perf.tasks.command import JSON_HELP, command
from cdc_perf.tasks.pipeline_option import PIPELINE_HELP, of_pipeline
from cdc_perf.wording import counted

if TYPE_CHECKING:
    from cdc_perf.perf.comparison.settings import ComparisonOptions
    from cdc_perf.settings.paths import Checkout


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
        "name": f"name given with {COMMAND} perf --name (default: any)",
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
        "base": "what to compare with: a run (run ID, latest, a folder), or a version (a commit, "
        "or a folder with a checkout or a pipeline)",
        "head": "the run or the version to judge",
        "minutes": f"for versions: time limit (default: {MINUTES})",
        "effect": f"for versions: the smallest change that matters (default: {EFFECT:.0%})",
        "rate": f"for versions: changes per second (default: {RATE})",
        "json": JSON_HELP,
        "pairs": "no longer needed: versions are measured for --minutes",
        "pipeline": PIPELINE_HELP,
    },
)
@command
@of_pipeline
def compare(
    _: Context,
    base: str,
    head: str,
    minutes: str = str(MINUTES),
    effect: str = f"{EFFECT:.0%}",
    rate: str = str(RATE),
    json: bool = False,
    pairs: str = "",
) -> None:
    """Show two runs side by side, or measure two versions and judge whether HEAD is worse."""
    from cdc_perf.errors import UsageFailure
    from cdc_perf.perf.comparison.settings import ComparisonOptions
    from cdc_perf.perf.comparison.versions import names_versions
    from cdc_perf.settings.paths import Checkout

    if pairs:
        raise UsageFailure(
            "--pairs: two versions are measured side by side, in as many starts as it takes",
            hint=f"use {COMMAND} compare {base} {head} --minutes {MINUTES}",
        )
    options = ComparisonOptions.parse(minutes, effect, rate)
    checkout = Checkout.here()
    if names_versions(checkout, {"BASE": base, "HEAD": head}):
        _compare_versions(checkout, base, head, options, json=json)
    else:
        _compare_runs(checkout, base, head, json=json)


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
            f"the history has no run of {name}{broken}", hint=f"run: {COMMAND} perf {words}"
        )
    cache = Cache.of_environment()
    last, *rest = comparable_groups(entries, lambda x: find_change_points(checkout.root, cache, x))
    others = len(entries) - len(last.entries)
    if json:
        show(history_json(last.entries, last.changes, rest, unreadable))
    else:
        show(history_text(last.entries, others, last.changes, rest, unreadable))


def _compare_runs(checkout: "Checkout", base: str, head: str, *, json: bool) -> None:
    from cdc_perf.report.compare import compare_runs
    from cdc_perf.runs.loader import read_results
    from cdc_perf.runs.resolve import results_folder
    from cdc_perf.settings.scenarios import load_scenarios
    from cdc_perf.terminal import show

    known = load_scenarios(checkout).recorded
    before, now = (
        read_results(results_folder(checkout.results, run, option), known)
        for option, run in (("BASE", base), ("HEAD", head))
    )
    comparison = compare_runs(before, now)
    show(comparison.json() if json else comparison.text())


def _compare_versions(
    checkout: "Checkout", base: str, head: str, options: "ComparisonOptions", *, json: bool
) -> None:
    from cdc_perf.perf.comparison.compare import compare_versions
    from cdc_perf.perf.generator import load_generator
    from cdc_perf.report.terminal import as_typed
    from cdc_perf.report.version_comparison import comparison_json, comparison_table
    from cdc_perf.results.comparison import Side
    from cdc_perf.terminal import show
    from cdc_perf.tools.cache import Cache

    cache = Cache.of_environment()
    finished = compare_versions(
        checkout,
        cache,
        load_generator(checkout, cache),
        {Side.BASE: base, Side.HEAD: head},
        options,
    )
    if json:
        show(comparison_json(finished.comparison, finished.answer))
    else:
        show(comparison_table(finished.comparison, finished.answer))
        show(f"report: {as_typed(finished.folder.report)}")
    if finished.exit_code:
        raise Exit(code=finished.exit_code)
