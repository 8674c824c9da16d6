"""Checks that depend on each other: which are run, and what they report."""

from collections.abc import Callable
from typing import Any, cast

import psycopg
import pytest

from cdc_perf.errors import ExitCode, SettingFailure, StackFailure, StackFailures
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.checks.checked_table import CheckedTable, checked_tables
from cdc_perf.stack.checks.collecting import collecting, raise_all
from cdc_perf.stack.checks.results import Checks, Result, State, expect_passed, failures_of
from cdc_perf.waiting import NotReady


def raising(error: Exception) -> Callable[..., None]:
    def body(*_: object) -> None:
        raise error

    return body


def passing(*_: object) -> None:
    return None


def states(checks: Checks) -> dict[str, tuple[State, str]]:
    return {each.name: (each.state, each.detail) for each in checks.results}


@pytest.fixture
def tables(pipeline: Pipeline) -> tuple[CheckedTable, ...]:
    return checked_tables(cast("psycopg.Connection[tuple[Any, ...]]", None), pipeline)


def test_a_check_that_needs_a_failed_one_is_skipped_and_the_others_are_run() -> None:
    checks = Checks()
    checks.run("postgres", raising(StackFailure("no answer")))
    checks.run("kafka", passing)
    checks.run("tables", passing, needs=("kafka", "postgres"))
    checks.run("keys", passing, needs=("tables",))
    checks.group("slots", passing, needs=("postgres",))
    assert states(checks) == {
        "postgres": (State.FAILED, ""),
        "kafka": (State.OK, ""),
        "tables": (State.SKIPPED, "needs: postgres"),
        "keys": (State.SKIPPED, "needs: tables"),
        "slots": (State.SKIPPED, "needs: postgres"),
    }
    with pytest.raises(StackFailure, match="no answer"):
        expect_passed(checks.results)


def test_what_cannot_be_asked_is_unknown_and_no_failure() -> None:
    checks = Checks(("mongodb",))
    checks.run("connect", raising(NotReady("no address")), requested="a", exists=lambda: "b")
    checks.run("plugins", passing, needs=("connect",))
    checks.run("slot", passing, needs=("postgres",))
    checks.run("collections", passing, needs=("mongodb",))
    checks.group("topics", raising(NotReady("the connection broke")), needs=())
    assert states(checks) == {
        "connect": (State.UNKNOWN, "no address"),
        "plugins": (State.UNKNOWN, "needs: connect"),
        "slot": (State.UNKNOWN, "needs: postgres"),
        "collections": (State.OK, ""),
        "topics": (State.UNKNOWN, "the connection broke"),
    }
    assert checks.results[0].compared[0].exists == ""
    expect_passed(checks.results)


def test_a_table_that_failed_leaves_the_checks_of_the_others(
    tables: tuple[CheckedTable, ...],
) -> None:
    wrong = tables[1].table.table

    def body(checked: CheckedTable) -> None:
        if checked.table.table == wrong:
            raise SettingFailure("no table")

    asked: list[str] = []
    checks = Checks()
    checks.run_on_tables("tables", body, tables, compare=lambda x: (x.table.table, "nothing"))
    checks.run_on_tables(
        "key", lambda x: asked.append(x.table.table), tables, needs=("tables", "version")
    )
    assert states(checks)["key"] == (State.UNKNOWN, "needs: version")
    checks.run("version", passing)
    checks.run_on_tables(
        "key", lambda x: asked.append(x.table.table), tables, needs=("tables", "version")
    )
    assert asked == [each.table.table for each in tables if each.table.table != wrong]
    found, key = (each for each in checks.results if each.name != "version")
    assert found.state is State.FAILED
    assert [each.state for each in found.compared].count(State.FAILED) == 1
    assert found.compared[1].requested == wrong
    assert key.state is State.SKIPPED
    assert key.compared[1].detail == "needs: tables"


def test_a_query_that_postgresql_refuses_is_a_failure_of_the_check() -> None:
    checks = Checks()
    checks.run("slot", raising(psycopg.errors.InsufficientPrivilege("denied\nLINE 1")))
    (failure,) = checks.results[0].failures
    assert failure.message == "PostgreSQL refuses a query of the check: denied"


def test_warnings_are_kept_and_a_failure_with_several_effects_is_shown_once() -> None:
    checks = Checks()
    checks.run("topics", lambda: ("warning: no topic",))
    assert checks.results[0].warnings == ("warning: no topic",)
    twice = [Result(name, State.FAILED, failures=(StackFailure("x"),)) for name in ("a", "b")]
    assert [each.message for each in failures_of(twice)] == ["x"]


def test_all_failures_are_raised_together_with_the_most_severe_code() -> None:
    setting, stack = SettingFailure("a", hint="b"), StackFailure("c", hint="d")

    def collect() -> None:
        with collecting() as found:
            for failures in ([setting, stack], [], [SettingFailure("e", hint="b")]):
                with found.of():
                    raise_all(failures)

    with pytest.raises(StackFailures) as caught:
        collect()
    assert [each.message for each in caught.value.failures] == ["a", "c", "e"]
    assert str(caught.value).splitlines() == [
        *("a", "  remedy: b", "c", "  remedy: d", "e", "  remedy: b"),
    ]
    assert caught.value.code is ExitCode.STACK
    assert (caught.value.message, caught.value.hint) == ("a; c; e", "b; d")
    assert StackFailures([setting]).code is ExitCode.USAGE


def test_one_failure_is_raised_as_it_is_and_none_is_none() -> None:
    raise_all([])
    only = SettingFailure("a")
    with pytest.raises(SettingFailure) as caught:
        raise_all([only])
    assert caught.value is only
