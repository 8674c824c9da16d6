"""The report of one or several runs."""

from collections.abc import Mapping, Sequence

from cdc_perf.errors import ExitCode
from cdc_perf.reasons.runs import runs_unfinished
from cdc_perf.report.compare import NO_CLAIM
from cdc_perf.report.html.comparison import ComparedScenario, ComparisonView
from cdc_perf.report.html.document import document
from cdc_perf.report.html.threshold_rows import MOST_USED
from cdc_perf.report.html.view import OVERVIEW, ScenarioView, run_view, scenario_view
from cdc_perf.runs.run_data import RunData
from cdc_perf.verdict.judge import judge_run
from cdc_perf.verdict.records import RunVerdict


def page(runs: Sequence[RunData], comparison: ComparisonView | None = None) -> str:
    """Return report.html.

    Args:
        runs: One or several, in display order.
        comparison: The comparison with a base, if there is one.
    """
    several = len(runs) > 1
    materials = [(run, each) for run in runs for each in run.scenarios]
    scenarios = [
        scenario_view(f"scenario-{number}", each)
        for number, (_, each) in enumerate(materials, start=1)
    ]
    return document(
        "report.html.j2",
        _charts(scenarios, comparison.scenarios if comparison else ()),
        {
            "title": f"{len(runs)} runs" if several else runs[0].name,
            "verdict": _combined_verdict(runs),
            "scenarios": scenarios,
            "comparison": comparison,
            "no_claim": NO_CLAIM,
            "fault": next((each.anchor for each in scenarios if not each.passed), ""),
            "overview": OVERVIEW,
            "runs": [run_view(run) for run in runs],
            "most_used": MOST_USED,
        },
    )


def _combined_verdict(runs: Sequence[RunData]) -> RunVerdict | None:
    """Return the verdict on all runs; None if there is none."""
    if len(runs) == 1:
        return runs[0].verdict
    verdicts = [s.verdict for run in runs for s in run.scenarios if s.verdict is not None]
    interrupted = [
        run.name
        for run in runs
        if run.verdict is not None and run.verdict.exit_code is ExitCode.INTERRUPTED
    ]
    unfinished = runs_unfinished(runs=interrupted) if interrupted else None
    return judge_run(verdicts, unfinished)


def _charts(
    scenarios: Sequence[ScenarioView], compared: Sequence[ComparedScenario]
) -> Mapping[str, Mapping[str, object]]:
    return {each.anchor: each.data() for each in compared} | {
        scenario.anchor: scenario.charts.data()
        for scenario in scenarios
        if scenario.charts is not None
    }
