"""Render the page from its templates, with everything that it needs inline."""

import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cdc_perf.errors import ExitCode
from cdc_perf.reasons.runs import runs_unfinished
from cdc_perf.report.compare import NO_CLAIM
from cdc_perf.report.html import figures
from cdc_perf.report.html.comparison import ComparedScenario, ComparisonView
from cdc_perf.report.html.spans import clock
from cdc_perf.report.html.threshold_rows import MOST_USED, gate_state
from cdc_perf.report.html.view import OVERVIEW, ScenarioView, run_view, scenario_view
from cdc_perf.report.markdown import sentence
from cdc_perf.report.rows import scenario_word, word
from cdc_perf.runs.run_data import RunData
from cdc_perf.verdict.judge import judge_run
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict

_HERE = Path(__file__).parent
_TEMPLATES = _HERE / "templates"
_UPLOT = _HERE / "uplot"
_MOST_REASONS = 50


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
    template = _environment().get_template("report.html.j2")
    styles = [_read(_UPLOT / "uPlot.min.css"), _read(_TEMPLATES / "report.css")]
    begin = "document.documentElement.classList.add('js');"
    # One module of two files, so that neither adds global names to the page.
    module = f"{_read(_TEMPLATES / 'look.js')}{_read(_TEMPLATES / 'charts.js')}"
    scripts = [begin, _read(_UPLOT / "uPlot.iife.min.js"), module]
    return template.render(
        title=f"{len(runs)} runs" if several else runs[0].name,
        verdict=_combined_verdict(runs),
        scenarios=scenarios,
        comparison=comparison,
        no_claim=NO_CLAIM,
        fault=next((each.anchor for each in scenarios if not each.passed), ""),
        overview=OVERVIEW,
        runs=[run_view(run) for run in runs],
        styles=[Markup(style) for style in styles],  # noqa: S704 - this project's own files
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - this project's own files
        policy=_policy(styles, scripts),
        data=_data(scenarios, comparison.scenarios if comparison else ()),
        most_used=MOST_USED,
        most_reasons=_MOST_REASONS,
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


def _data(scenarios: Sequence[ScenarioView], compared: Sequence[ComparedScenario]) -> Markup:
    """Return the charts as JSON that cannot end its HTML element."""
    content = {each.anchor: each.data() for each in compared} | {
        scenario.anchor: scenario.charts.data()
        for scenario in scenarios
        if scenario.charts is not None
    }
    text = msgspec.json.encode(content).decode()
    return Markup(re.sub("[<>&]", lambda m: f"\\u{ord(m[0]):04x}", text))  # noqa: S704 - escaped


def _policy(styles: Sequence[str], scripts: Sequence[str]) -> str:
    """Return a content security policy that allows only what is in the page."""
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src {' '.join(map(_hash, styles))}",
            f"script-src {' '.join(map(_hash, scripts))}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


def _word(verdict: RunVerdict | ScenarioVerdict) -> str:
    if isinstance(verdict, ScenarioVerdict):
        return scenario_word(verdict)
    return word(verdict.verdict, verdict.exit_code)


def _sentence(verdict: RunVerdict) -> str:
    return sentence(verdict.verdict, verdict.exit_code)


def _tone(verdict: Verdict | None) -> str:
    """Return the name of a CSS class: letters and dashes."""
    return "none" if verdict is None else verdict.lower()


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": clock,
        "gate_state": gate_state,
        "text": figures.text,
        "word": _word,
        "sentence": _sentence,
        "tone": _tone,
    }
    return environment


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
