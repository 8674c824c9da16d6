import msgspec
import pytest

from cdc_perf.errors import ExitCode
from cdc_perf.report.terminal import render
from cdc_perf.results.summary import NoSummary
from cdc_perf.runs.row import Row
from cdc_perf.verdict.judge import judge, judge_run, not_run
from tests.unit.measured import (
    GOOD,
    LATENCY,
    because,
    counter,
    event,
    evidence,
    rate,
    summary,
    threshold,
    trend,
)

LIMIT = threshold("cdc_e2e_latency", "p95<=2000")
_SLOW = {
    **GOOD,
    LATENCY: trend(540, p50=1200.0, p95=2310.4, p99=12000.0),
    "cdc_success_rate": rate(1188, 12),
}
PASSED = Row(
    judge(evidence("baseline", (LIMIT,), summary(thresholds={LIMIT: True}))),
    summary(),
)
FAILED = Row(
    judge(
        evidence("spike", (LIMIT,), summary(_SLOW, scenario="spike", thresholds={LIMIT: False}), 99)
    ),
    summary({**_SLOW, "dropped_iterations": counter(150)}),
)
GONE = Row(
    not_run("e2e-latency", ExitCode.STACK, because("the stack is gone")), NoSummary("not run")
)


def shown(*rows: Row, color: bool = False, notes: tuple[str, ...] = ()) -> str:
    run = judge_run([row.verdict for row in rows])
    return render(run, rows, files="k6/results/x", color=color, notes=notes)


TABLE = """\
scenario     verdict      iterations    rate/s      e2e p50/p95/p99 ms    samples    errors    dropped    thresholds
-----------  ---------  ------------  --------  ----------------------  ---------  --------  ---------  ------------
baseline     PASS                600      10.0        36.4 / 51.2 / 73        540         0          0           1/1
spike        FAIL                600      10.0  1,200 / 2,310 / 12,000        540        12        150           0/1
e2e-latency  NOT RUN               -         -                       -          -         -          -             -

baseline: no data lost: 600 rows, 600 documents; 602 events, 600 acknowledged writes
spike: no data lost: 600 rows, 600 documents; 602 events, 600 acknowledged writes
files: k6/results/x
MongoDB is a stand-in

spike: FAIL
  - cdc_e2e_latency p95 was 2,310 ms over 540 samples; the threshold is 2,000 ms

e2e-latency: NOT RUN
  - the stack is gone

INVALID (stack unavailable): exit 3"""  # noqa: E501 - as it is printed


def test_the_table_is_aligned_and_the_last_line_is_the_verdict() -> None:
    assert shown(PASSED, FAILED, GONE, notes=("MongoDB is a stand-in",)) == TABLE


def test_a_run_that_passes_gives_no_reasons() -> None:
    assert shown(PASSED).splitlines()[-3:] == ["files: k6/results/x", "", "PASS: exit 0"]


def test_what_moved_comes_after_the_files_and_before_the_reasons() -> None:
    run = judge_run([FAILED.verdict])
    text = render(run, [FAILED], files="x", color=False, last_runs="spike since then: more")
    assert "files: x\n\nspike since then: more\n\nspike: FAIL\n" in text


def test_a_run_without_scenarios_says_so() -> None:
    assert shown() == "files: k6/results/x\n\nno scenario was run\n\nNO-DATA: exit 11"


def test_a_run_that_was_interrupted_between_two_scenarios_says_so() -> None:
    run = judge_run([PASSED.verdict], because("Ctrl-C"))
    text = render(run, [PASSED], files="x", color=False)
    assert text.endswith("\n\nCtrl-C\n\nINVALID (interrupted): exit 130")


@pytest.mark.parametrize(
    ("code", "last"),
    [
        (ExitCode.INTERRUPTED, "INVALID (interrupted): exit 130"),
        (ExitCode.LOAD, "INVALID (k6 failed): exit 4"),
        (ExitCode.INVALID, "INVALID: exit 12"),
        (ExitCode.NO_DATA, "NO-DATA: exit 11"),
    ],
)
def test_the_last_line_tells_the_cause_and_the_exit_code(code: ExitCode, last: str) -> None:
    row = Row(not_run("spike", code, because("a reason")), NoSummary("none"))
    assert shown(row).splitlines()[-1] == last


def test_colors_come_only_when_asked_for_and_do_not_shift_the_columns() -> None:
    plain, colored = shown(PASSED, FAILED), shown(PASSED, FAILED, color=True)
    assert "\x1b" not in plain
    assert "\x1b[32mPASS\x1b[0m" in colored
    assert "\x1b[31mFAIL\x1b[0m: exit 10" in colored
    for code in ("\x1b[32m", "\x1b[31m", "\x1b[0m"):
        colored = colored.replace(code, "")
    assert colored == plain


def test_a_hostile_log_line_cannot_drive_the_terminal() -> None:
    died = event("connect", "ended (exit status 1)", "\x1b]0;owned\x07\x1b[2J\rPASS\u202e\x9b1m")
    found = summary(thresholds={LIMIT: True})
    row = Row(judge(evidence("baseline", (LIMIT,), found, events=(died,))), found)
    run = judge_run([row.verdict])
    text = render(run, [row], files="a\nb\x1b[31m", color=False, notes=("note\x1b[31m",))
    assert {letter for letter in text if not letter.isprintable()} == {"\n"}
    assert "its log ends:  ]0;owned  [2J PASS  1m" in text
    assert "a b [31m" in text


def test_a_trend_without_samples_shows_no_figures() -> None:
    empty = summary({**GOOD, LATENCY: trend(0, p50=0.0, p95=0.0, p99=0.0)})
    row = Row(msgspec.structs.replace(PASSED.verdict, thresholds=()), empty)
    line = shown(row).splitlines()[2].split()
    assert line == ["baseline", "PASS", "600", "10.0", "-", "0", "0", "0", "-"]
