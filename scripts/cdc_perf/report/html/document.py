"""One HTML file from a template, with everything that it needs inline."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cdc_perf.report.hops import begun
from cdc_perf.report.html import figures
from cdc_perf.report.html.spans import clock
from cdc_perf.report.html.threshold_rows import gate_state
from cdc_perf.report.markdown import sentence
from cdc_perf.report.rows import scenario_word, word
from cdc_perf.results.history import HistoryEntry
from cdc_perf.verdict.records import RunVerdict, ScenarioVerdict
from cdc_perf.verdict.verdict import Verdict

_HERE = Path(__file__).parent
_TEMPLATES = _HERE / "templates"
_UPLOT = _HERE / "uplot"
_MOST_REASONS = 50


def document(
    template: str, charts: Mapping[str, Mapping[str, object]], content: Mapping[str, object]
) -> str:
    """Return the page of a template.

    Args:
        template: Its file, which extends document.html.j2.
        charts: The input of the page's script, by the anchor of what the charts belong to.
        content: The variables of the template.
    """
    styles = [_read(_UPLOT / "uPlot.min.css"), _read(_TEMPLATES / "report.css")]
    begin = "document.documentElement.classList.add('js');"
    # One module of two files, so that neither adds global names to the page.
    module = f"{_read(_TEMPLATES / 'look.js')}{_read(_TEMPLATES / 'charts.js')}"
    scripts = [begin, _read(_UPLOT / "uPlot.iife.min.js"), module]
    return (
        _environment()
        .get_template(template)
        .render(
            content,
            styles=[Markup(style) for style in styles],  # noqa: S704 - this project's own files
            scripts=[Markup(script) for script in scripts],  # noqa: S704 - as above
            policy=_policy(styles, scripts),
            data=_data(charts),
            most_reasons=_MOST_REASONS,
        )
    )


def _data(charts: Mapping[str, Mapping[str, object]]) -> Markup:
    """Return the charts as JSON that cannot end its HTML element."""
    text = msgspec.json.encode(charts).decode()
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


def _word(verdict: RunVerdict | ScenarioVerdict | HistoryEntry) -> str:
    if isinstance(verdict, HistoryEntry):
        return verdict.verdict
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
        "begun": begun,
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
