from dataclasses import replace

import msgspec

from cdc_perf.integrity.records import Finding, FindingKind, LastSeen, RowSample
from cdc_perf.report.integrity_line import compared_without_loss
from cdc_perf.report.markdown import run_markdown
from cdc_perf.report.terminal import render
from cdc_perf.runs.row import Row
from cdc_perf.verdict.judge import judge, judge_run
from tests.unit.measured import CLEAN, evidence, summary

SAMPLE = RowSample(id="0b9c", last_seen=LastSeen.TOPIC, detail="offset 7")
MISSING = Finding(kind=FindingKind.MISSING, table="public.customer", count=1, samples=(SAMPLE,))
CHECKED = replace(evidence("baseline", (), summary()), integrity=CLEAN)
LOST = replace(CHECKED, integrity=msgspec.structs.replace(CLEAN, findings=(MISSING,)))


def test_what_was_compared_is_reported_where_nothing_was_lost() -> None:
    row = Row(judge(CHECKED), summary())
    compared = compared_without_loss(row.verdict)
    assert "documents" in compared
    assert "acknowledged writes" in compared
    run = judge_run([row.verdict])
    assert f"baseline: no data lost: {compared}" in render(run, [row], files="", color=False)
    assert f"- baseline: no data lost: `{compared}`" in run_markdown(run, [row])


def test_nothing_is_reported_of_a_loss_nor_without_a_check() -> None:
    for known in (LOST, replace(CHECKED, integrity=None)):
        row = Row(judge(known), summary())
        assert not compared_without_loss(row.verdict)
        run = judge_run([row.verdict])
        assert "no data lost" not in render(run, [row], files="", color=False)
        assert "no data lost" not in run_markdown(run, [row])
