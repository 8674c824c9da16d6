"""Every panel, asked of a real Prometheus about a real run: it shows something, and the truth."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cdc_perf.dashboards.generate import dashboards
from tests.integration.observed.conftest import Observed, Run
from tests.integration.observed.expected import (
    WINDOW,
    Seen,
    compared,
    hop_quantile,
    quantile,
    seen,
    window_end,
)
from tests.integration.observed.panel_table import PanelTable
from tests.integration.observed.prometheus import filled

pytestmark = pytest.mark.slow

LABEL = re.compile(r"\{\{\w+\}\}")
TARGETS = [
    pytest.param(
        Path(path).stem, panel, target, id=f"{Path(path).stem}: {panel['title']} {target['refId']}"
    )
    for path, text in dashboards().wanted.items()
    if path.endswith(".json")
    for panel in json.loads(text)["panels"]
    for target in panel["targets"]
]


@pytest.mark.parametrize(("board", "panel", "target"), TARGETS)
def test_a_panel_shows_what_the_run_was(
    board: str,
    panel: dict[str, Any],
    target: dict[str, Any],
    observed: Observed,
    run: Run,
    table: PanelTable,
) -> None:
    title, reference = panel["title"], target["refId"]
    legend = target["legendFormat"]
    asked = filled(target["expr"], run.span, WINDOW)
    found = look(
        title, reference, legend, asked, observed, run, over_time=bool(target.get("range"))
    )
    where = f"{title} {reference}: {asked}"
    if found.needed:
        # A 0 is something only where the run's own files say which figure it has to be.
        something = found.shown is not None if found.between else bool(found.shown)
        assert something, f"nothing is shown: {where}"
    if found.shown is not None and found.between is not None:
        assert found.between.holds(found.shown), f"{found.shown}, not {found.between}: {where}"
    table.add(
        board,
        title,
        " ".join(LABEL.sub("", legend).split()) or reference,
        panel["fieldConfig"]["defaults"]["unit"],
        "too few samples" if found.shown is None else f"{found.shown:,.4g}",
        found.words,
        asked,
    )


def look(
    title: str,
    reference: str,
    legend: str,
    asked: str,
    observed: Observed,
    run: Run,
    *,
    over_time: bool,
) -> Seen:
    prometheus = observed.prometheus
    if title.startswith("Hops, p"):
        return hop_quantile(title, prometheus.at(asked, window_end(run)), observed, run)
    if "Latency" in title:
        return quantile(title, legend, prometheus.at(asked, window_end(run)), run)
    if over_time:
        series = prometheus.between(asked, run.span)
    else:
        series = prometheus.at(asked, run.span.end)
    if title == "Runs compared":
        return compared(reference, series, run)
    return seen(title, reference, series, run)


def test_the_end_of_a_component_is_marked_at_its_time(observed: Observed, run: Run) -> None:
    selected = f'cdc_perf_component_end_time_seconds{{test_run_id="{run.span.run_id}"}}'
    asked = f"last_over_time({selected}[10m])"
    (fault,) = observed.prometheus.at(asked, run.span.end)
    labels, (at,) = fault
    assert labels["component"] == "mongodb"
    assert run.span.begin.timestamp() < at < run.load_end.timestamp()


def test_the_alert_for_dead_letters_fires(observed: Observed, run: Run) -> None:
    firing = observed.prometheus.at('ALERTS{alertstate="firing"}', run.span.end)
    assert "CdcDeadLetters" in {labels["alertname"] for labels, _ in firing}


def test_a_broken_limit_was_seen_while_the_load_went_on(observed: Observed, run: Run) -> None:
    asked = f'min_over_time(cdc_perf_threshold_ok{{limit="p50 <= 1"}}[{round(WINDOW)}s])'
    (state,) = observed.prometheus.at(asked, window_end(run))
    assert state[1] == (0.0,)


def test_every_series_of_the_run_has_ended(observed: Observed, run: Run) -> None:
    for name in ("k6_vus", "k6_iterations_total", "cdc_perf_scenario_running"):
        assert observed.prometheus.value(f'{name}{{test_run_id="{run.span.run_id}"}}') is None
