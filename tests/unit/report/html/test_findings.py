from pathlib import Path

import msgspec
import pytest

from cdc_perf.load.overrides import Overrides
from cdc_perf.report.environment import load_of
from cdc_perf.report.html.figures import bare, shown, text
from cdc_perf.report.html.findings import integrity, time_spent, times
from cdc_perf.report.html.view import commands
from cdc_perf.results.manifest import ScenarioEntry
from cdc_perf.results.summary import Check, NoSummary, Summary
from cdc_perf.runs.k6_log import OTHER, quotes
from cdc_perf.settings.executors import (
    ConstantArrivalRate,
    ConstantVus,
    LoadShape,
    Observation,
    PerVuIterations,
    RampingArrivalRate,
    RampingVus,
    Stage,
)
from tests.unit.measured import GOOD, counter, rate, summary, trend
from tests.unit.recorded_runs import manifest, row

NONE = NoSummary("k6 wrote none")


def test_where_the_time_goes() -> None:
    measured = summary({**GOOD, "pg_write_duration{phase:steady}": trend(540, p50=0.4704)})
    assert [(time.metric, time.samples, time.stats[0]) for time in times(measured)] == [
        ("cdc_e2e_latency", "540", "36.4"),
        ("pg_write_duration", "540", "0.47"),
        ("generator_delay", "6,000", "-"),
    ]
    assert time_spent(measured).startswith(
        "Median end-to-end latency: 36.4 ms. The median write to PostgreSQL took 0.47 ms; "
    )
    told = time_spent(measured, ("Slowest hop: Debezium to Kafka, 34%.", "k6 measured 41 ms."))
    assert told == (
        "Median end-to-end latency: 36.4 ms. k6 measured 41 ms. "
        "Slowest hop: Debezium to Kafka, 34%."
    )
    assert time_spent(NONE) == "Unknown: no latency was measured."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mongo_documents_not_found": counter(0)}, "600 changes verified in the sink; none lost."),
        (
            {"mongo_documents_not_found": counter(2)},
            "600 changes checked in the sink; 2 did not arrive in time.",
        ),
        (
            {"mongo_documents_not_found": counter(0), "pg_write_errors": counter(3)},
            "checked in the sink; none lost; 3 could not be written and count as errors.",
        ),
        ({}, "Unknown: 600 changes checked in the sink, but the summary does not count lost ones."),
        ({"cdc_success_rate": rate(0, 0)}, "Unknown: no change was checked in the sink."),
    ],
)
def test_whether_anything_is_lost(changes: dict[str, object], said: str) -> None:
    measured = summary({**GOOD, **changes})  # type: ignore[dict-item]
    assert said in integrity(measured)


def test_other_content_is_a_loss_too() -> None:
    measured = summary(
        {**GOOD, "mongo_documents_not_found": counter(0)}, checks=(Check("content", 590, 10),)
    )
    assert "10 arrived with wrong content" in integrity(measured)
    assert integrity(NONE) == "Unknown: no summary."


def test_the_first_error_of_each_kind_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "k6.log"
    log.write_text(
        'time="2026-11-24T16:58:16Z" level=info msg="pg_errors: no error" source=console\n'
        'time="2026-11-24T16:58:17Z" level=error msg="pg_errors: \\"b\\"\\n\\tc\\x1b\\u00e9"\n'
        'time="2026-11-24T16:58:18Z" level=error msg="pg_errors: later" source=console\n'
        'time="2026-11-24T16:58:19Z" level=fatal msg="Out of memory" source=console\n'
        "no line of a log\n",
        encoding="utf-8",
    )
    found = quotes(log)
    assert set(found) == {"pg_errors", OTHER}
    assert found["pg_errors"].message == '"b"\n\tc\x1bé'
    assert found["pg_errors"].time == "2026-11-24T16:58:17Z"
    assert found[OTHER].message == "Out of memory"
    assert quotes(tmp_path / "none.log") == {}


def test_a_run_is_made_again_as_it_was_made() -> None:
    made = manifest([row("health-check"), row("baseline"), row("spike")])
    assert commands(made) == (
        f"git checkout {'c' * 40}",
        "nox -s dev",
        ".venv/bin/inv perf --scenarios baseline,spike --duration 1m --env ci --stack local",
    )


def test_options_that_were_not_given_are_not_said() -> None:
    made = manifest([row("health-check")], duration=None, environment="")
    assert made.overrides == Overrides()
    assert commands(made)[-1] == ".venv/bin/inv perf --scenarios health-check --stack local"


def test_a_run_of_another_pipeline_is_made_again_with_its_folder() -> None:
    made = manifest([row("baseline")], duration=None, environment="")
    made = msgspec.structs.replace(made, pipeline_option="../my pipeline")
    command = ".venv/bin/inv perf --scenarios baseline --stack local --pipeline '../my pipeline'"
    assert commands(made)[-1] == command


@pytest.mark.parametrize(
    ("executor", "said"),
    [
        (PerVuIterations(1, 1, "1m"), "1 virtual user, 1 iteration"),
        (PerVuIterations(3, 5, "1m"), "3 virtual users, 5 iterations each"),
        (ConstantVus(10, "60s"), "10 virtual users"),
        (Observation("5m"), "no load of its own"),
        (RampingVus(0, (Stage("1m", 50), Stage("2m", 0))), "0 → 50 (1m) → 0 (2m) virtual users"),
        (
            ConstantArrivalRate(10, "1s", "1m", 5, 200),
            "10 iterations per 1s, at most 200 virtual users",
        ),
        (
            RampingArrivalRate(1, "1s", 5, 200, (Stage("1m", 900),)),
            "1 → 900 (1m) iterations per 1s, at most 200 virtual users",
        ),
    ],
)
def test_a_load_is_a_sentence(executor: LoadShape, said: str) -> None:
    entry = ScenarioEntry(
        name="x",
        description="",
        think_time_seconds=0.5,
        executor=executor,
        seconds=60,
        thresholds=(),
    )
    assert load_of(entry) == f"{said}, 1m, think time 500ms on average"


def test_no_figure_fills_the_page() -> None:
    assert (shown(None), shown(12.345, "ms"), bare(0.4704, "ms")) == ("-", "12.3 ms", "0.47")
    assert (shown(1e300, "ms"), shown(float("inf"))) == ("1e+300 ms", "inf")
    assert text("a\x00\x1b[31mb\u202e") == "a  [31mb "
    assert text("x" * 2001) == f"{'x' * 2000}… (1 more characters)"


def refused(writes: int, seen: int) -> Summary:
    """Return what 200 iterations leave of which some were written and some were seen."""
    metrics = {
        **GOOD,
        "cdc_success_rate": rate(seen, 200 - seen),
        "pg_write_errors": counter(200 - writes),
        "mongo_documents_found": counter(seen),
        "mongo_documents_not_found": counter(writes - seen),
    }
    return summary(metrics)


@pytest.mark.parametrize(("writes", "seen"), [(0, 0), (200, 0), (200, 99)])
def test_a_timeout_is_not_reported_as_the_time_of_a_change(writes: int, seen: int) -> None:
    assert f"{seen} of 200" in time_spent(refused(writes, seen))


def test_the_median_is_that_of_changes_if_most_were_seen() -> None:
    assert "Median end-to-end latency: 36.4 ms." in time_spent(refused(200, 101))


def test_what_was_never_written_was_not_kept() -> None:
    assert integrity(refused(0, 0)).startswith("Unknown")
    assert "none" in integrity(refused(200, 200))
