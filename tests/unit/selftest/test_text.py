from cdc_perf.errors import ExitCode
from cdc_perf.selftest.outcome import last_line, markdown, outcome_of, text
from tests.unit.selftest.verdicts import fault, gate, limit, said

FAIL, PASS = ExitCode.FAIL, ExitCode.PASS
LOST = outcome_of(
    fault(FAIL, "rows", "missing"), said(FAIL, gate("rows", "7 | <rows> missing")), FAIL, 9
)
CLEAN = outcome_of(fault(PASS, name="clean"), said(PASS, gate("rows"), limit()), PASS, 9)
GREEN = outcome_of(fault(FAIL, "rows", "missing"), said(PASS, gate("rows")), PASS, 9)


def test_the_last_line_says_whether_all_is_as_expected() -> None:
    assert last_line([CLEAN, LOST]) == "2 of 2 runs got the expected verdict"
    assert text([CLEAN, LOST]).endswith(last_line([CLEAN, LOST]))


def test_the_last_line_names_the_gate_that_stayed_green() -> None:
    line = last_line([CLEAN, GREEN])
    assert line.startswith("1 of 2 runs got the expected verdict; wrong: ")
    assert line.endswith("lost-event: rows did not fail")


def test_the_table_says_what_was_expected() -> None:
    (row,) = [line for line in text([GREEN]).splitlines() if line.startswith("lost-event")]
    assert row.split(maxsplit=3)[:3] == ["lost-event", "PASS", "FAIL"]
    assert "rows did not fail" in row


def test_a_cell_of_the_document_breaks_no_table() -> None:
    (row,) = [line for line in markdown([LOST]).splitlines() if "`lost-event`" in line]
    assert "FAIL (10)" in row
    assert "7 \\| \\<rows> missing" in row


def test_what_a_clean_run_says_stands_in_the_document() -> None:
    document = markdown([CLEAN, LOST])
    assert "## The run `clean`" in document
    rows = [[x.strip() for x in line.split("|")] for line in document.splitlines()]
    assert ["", "`rows`", "it holds", "seen", ""] in rows
    assert ["", "`cdc_e2e_latency p50`", "\\<= 500", "20 over 100 samples", ""] in rows
    assert "## The run `lost-event`" not in document


def test_a_long_reason_is_cut() -> None:
    long = outcome_of(fault(FAIL, "rows"), said(FAIL, gate("rows", "x" * 900)), FAIL, 9)
    assert "x" * 200 + "..." in markdown([long])
