"""Thresholds on the counts of the data-loss check."""

from dataclasses import replace

import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.integrity.records import Drain, Finding, FindingKind, Integrity, LastSeen, RowSample
from cdc_perf.settings.expressions import Expression, parse_expression
from cdc_perf.settings.metrics import Better, MetricKind, MetricType, Phase, Source
from cdc_perf.settings.thresholds import Threshold
from cdc_perf.verdict.integrity_gates import INTEGRITY_METRICS, judge_integrity, rows_gate
from cdc_perf.verdict.judge import judge
from tests.unit.measured import CLEAN, GOOD, evidence, summary

STUCK = Drain(seconds=60.0, outstanding=("the consumer group",))


def count_threshold(metric: str, expression: str) -> Threshold:
    parsed = parse_expression(expression)
    assert isinstance(parsed, Expression)
    kind = MetricKind(metric, Source.INTEGRITY, MetricType.GAUGE, "", Better.LOWER, Phase.ALL)
    return Threshold(kind, parsed)


def with_findings(*kinds: FindingKind, excused: str = "") -> Integrity:
    """Return a clean result, but with two rows or records of each kind."""
    findings = tuple(
        Finding(
            kind=kind,
            table="public.customer",
            count=2,
            samples=(RowSample(id="a", last_seen=LastSeen.TOPIC, detail="offset 3"),),
            excused=excused,
        )
        for kind in kinds
    )
    return msgspec.structs.replace(CLEAN, findings=findings)


@pytest.mark.parametrize("stat", ["value", "max", "min", "avg", "p50"])
@pytest.mark.parametrize(("limit", "ok"), [(1, False), (2, True)])
def test_every_stat_is_the_count(stat: str, limit: int, *, ok: bool) -> None:
    threshold = count_threshold("events_duplicated", f"{stat}<={limit}")
    judged = judge_integrity(threshold, with_findings(FindingKind.DUPLICATE))
    found = judged.result
    assert (found.ok, found.observed, found.samples) == (ok, 2, 1)
    assert (judged.reason is None) is ok


@pytest.mark.parametrize(("metric", "kinds"), INTEGRITY_METRICS.items())
def test_a_metric_counts_its_own_kinds(metric: str, kinds: tuple[FindingKind, ...]) -> None:
    threshold = count_threshold(metric, "value<=0")
    others = [kind for kind in FindingKind if kind not in kinds]
    assert judge_integrity(threshold, with_findings(*kinds)).result.observed == 2 * len(kinds)
    assert judge_integrity(threshold, with_findings(*others)).result.observed == 0


def test_an_excused_finding_counts() -> None:
    excused = with_findings(FindingKind.DUPLICATE, excused="kafka restarted")
    found = judge_integrity(count_threshold("events_duplicated", "value<=1"), excused).result
    assert (found.ok, found.observed) == (False, 2)


@pytest.mark.parametrize(
    "integrity",
    [
        None,
        msgspec.structs.replace(with_findings(FindingKind.MISSING), unchecked="gone"),
        msgspec.structs.replace(with_findings(FindingKind.MISSING), drain=STUCK),
        msgspec.structs.replace(with_findings(FindingKind.MISSING), drain=None),
    ],
    ids=["no check", "unchecked", "not drained", "no drain"],
)
def test_without_a_complete_check_nothing_was_counted(integrity: Integrity | None) -> None:
    found = judge_integrity(count_threshold("rows_lost", "value<=9"), integrity).result
    assert (found.ok, found.observed, found.samples) == (None, None, 0)


@pytest.mark.parametrize(
    ("expression", "code"), [("value<=1", ExitCode.FAIL), ("value<=2", ExitCode.PASS)]
)
def test_a_scenario_is_judged_by_such_a_threshold(expression: str, code: ExitCode) -> None:
    threshold = count_threshold("events_duplicated", expression)
    known = evidence("baseline", (threshold,), summary(GOOD))
    duplicated = with_findings(FindingKind.DUPLICATE, excused="kafka restarted")
    found = judge(replace(known, integrity=duplicated))
    assert (found.exit_code, found.thresholds[0].observed) == (code, 2)


def test_a_finding_without_a_sample_is_a_fault_too() -> None:
    finding = Finding(kind=FindingKind.MISSING, table="public.customer", count=2, samples=())
    found = rows_gate(msgspec.structs.replace(CLEAN, findings=(finding,)))
    assert found is not None
    assert (found.result.ok, found.code) == (False, ExitCode.FAIL)
    assert found.result.observed.endswith("2 missing in public.customer")
