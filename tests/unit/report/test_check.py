"""What `inv check` shows, as text and as JSON."""

import json

from cdc_perf.errors import SettingFailure, StackFailure
from cdc_perf.report.check import check_json, check_text
from cdc_perf.stack.checks.results import Comparison, Result, State

LONG = "a topic of a name that is longer than forty characters"
RESULTS = (
    Result("postgres", State.OK, "PostgreSQL 18.6"),
    Result(
        "tables",
        State.FAILED,
        compared=(
            Comparison(State.OK, "", "public.a", "public.a", "a table"),
            Comparison(State.FAILED, "", "public.b\x1b[2J", "public.b", "nothing"),
            Comparison(State.SKIPPED, "needs: version", "public.c"),
        ),
        failures=(SettingFailure("there is no public.b", hint="create it"),),
    ),
    Result("key", State.OK, compared=(Comparison(State.OK, subject="public.a"),)),
    Result("slot", State.FAILED, failures=(StackFailure("no slot", detail=("one", "two")),)),
    Result(
        "topics",
        State.OK,
        compared=(Comparison(State.OK, requested=LONG),),
        warnings=("warning: no topic",),
    ),
    Result(
        "group", State.FAILED, compared=(Comparison(State.FAILED, requested=LONG, exists=LONG),)
    ),
    Result("mongodb", State.UNKNOWN, "no address given"),
    Result("canary", State.OK, "in 5 ms", remains="a marker expires"),
)


def test_each_problem_is_shown_with_what_is_there() -> None:
    lines = check_text(RESULTS).splitlines()
    rows = [line.split("  ") for line in lines]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert ["postgres", "ok (PostgreSQL 18.6)"] in cells
    assert ["tables of public.c", "skipped (needs: version)"] in cells
    assert ["key", "1 table", "ok"] in cells
    assert ["topics", f"{LONG[:37]}...", "ok"] in cells
    assert ["group", LONG, LONG, "failed"] in cells
    assert ["mongodb", "unknown (no address given)"] in cells
    # A table that passed needs no row of its own.
    assert not any("tables of public.a" in line for line in lines)
    assert any("public.b" in line and "nothing" in line for line in lines)
    assert lines[-8:] == [
        "there is no public.b",
        "  remedy: create it",
        "no slot",
        "  | one",
        "  | two",
        "warning: no topic",
        "a marker expires",
        "2 problems; 1 check not run",
    ]


def test_no_character_of_a_server_reaches_the_terminal() -> None:
    assert "\x1b" not in check_text(RESULTS)


def test_a_clean_check_ends_with_one_line() -> None:
    assert check_text(RESULTS[:1]).splitlines()[-1] == "no problem found"


def test_the_json_has_everything() -> None:
    found = {each["check"]: each for each in json.loads(check_json(RESULTS))}
    assert list(found) == [result.name for result in RESULTS]
    assert found["tables"]["state"] == "failed"
    assert found["tables"]["compared"][2] == {
        "subject": "public.c",
        "state": "skipped",
        "detail": "needs: version",
        "requested": "",
        "exists": "",
    }
    assert found["tables"]["failures"] == [
        {"message": "there is no public.b", "remedy": "create it", "detail": [], "exit_code": 2}
    ]
    assert found["topics"]["warnings"] == ["warning: no topic"]
    assert found["group"]["compared"][0]["requested"] == LONG
    assert found["canary"]["remains"] == "a marker expires"
