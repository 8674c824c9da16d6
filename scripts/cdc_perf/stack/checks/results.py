"""Runs checks that depend on each other, and collects what they find."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import psycopg

from cdc_perf.errors import StackFailure
from cdc_perf.stack.checks.checked_table import CheckedTable
from cdc_perf.stack.checks.collecting import failures_in, raise_all
from cdc_perf.waiting import NotReady


class State(StrEnum):
    """The result of a check."""

    OK = "ok"
    FAILED = "failed"
    # A check that it depends on failed.
    SKIPPED = "skipped"
    # A component does not answer, or its address is not given.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Comparison:
    """What pipeline.toml requests next to what exists.

    Attributes:
        subject: What it is about, such as a table; may be empty.
        requested: What is requested.
        exists: What was found; empty if that adds nothing.
        state: Whether the subject passed.
        detail: Why it was skipped.
    """

    state: State
    detail: str = ""
    subject: str = ""
    requested: str = ""
    exists: str = ""


@dataclass(frozen=True)
class Result:
    """The result of one check.

    Attributes:
        name: The check.
        state: Whether it passed.
        detail: Why it was skipped or is unknown; what was found, such as a version.
        compared: What was compared: an entry for each table, or one; none if it was not run.
        failures: What is wrong.
        warnings: What may be wrong.
        remains: What a check that writes leaves until it expires; empty: nothing.
    """

    name: str
    state: State
    detail: str = ""
    compared: tuple[Comparison, ...] = ()
    failures: tuple[StackFailure, ...] = ()
    warnings: tuple[str, ...] = ()
    remains: str = ""


# A check raises StackFailure, raises NotReady if the answer is unknown, or returns warnings.
Body = Callable[[], Iterable[str] | None]


class Checks:
    """The results so far, in the order of the checks.

    Args:
        assumed: Names of checks that passed elsewhere.
    """

    def __init__(self, assumed: Collection[str] = ()) -> None:
        self._assumed = frozenset(assumed)
        self._results: dict[str, Result] = {}
        # The tables that passed each check, by their place in pipeline.toml.
        self._passed: dict[str, frozenset[int]] = {}

    @property
    def results(self) -> tuple[Result, ...]:
        """All results."""
        return tuple(self._results.values())

    def note(self, result: Result) -> None:
        """Add the result of a check that was run elsewhere."""
        self._results[result.name] = result

    def passed(self, name: str) -> bool:
        """Return whether a check passed, here or elsewhere."""
        known = self._results.get(name)
        return name in self._assumed or (known is not None and known.state is State.OK)

    def run(
        self,
        name: str,
        body: Body,
        *,
        needs: Sequence[str] = (),
        requested: str = "",
        exists: Callable[[], str] = str,
    ) -> None:
        """Run a check, unless one that it needs did not pass.

        Args:
            name: The check.
            body: The check itself.
            needs: The checks whose results it relies on.
            requested: What pipeline.toml requests.
            exists: Returns what was found, after the check.
        """
        if missing := [each for each in needs if not self.passed(each)]:
            self._skip(name, missing[0])
            return
        state, detail = State.OK, ""
        failures: tuple[StackFailure, ...] = ()
        warnings: tuple[str, ...] = ()
        try:
            warnings = tuple(_answer(body) or ())
        except NotReady as reason:
            state, detail = State.UNKNOWN, str(reason)
        except StackFailure as failure:
            state, failures = State.FAILED, failures_in(failure)
        there = "" if state is State.UNKNOWN else exists()
        compared = Comparison(state, detail, requested=requested, exists=there)
        self._results[name] = Result(name, state, detail, (compared,), failures, warnings)

    def run_on_tables(
        self,
        name: str,
        body: Callable[[CheckedTable], None],
        tables: Sequence[CheckedTable],
        *,
        needs: Sequence[str] = (),
        compare: Callable[[CheckedTable], tuple[str, str]] | None = None,
    ) -> None:
        """Run a check on each table that passed those that it needs.

        Args:
            name: The check.
            body: The check of one table.
            tables: The tables.
            needs: The checks whose results it relies on; of those on tables, the table's result.
            compare: Returns what is requested of a table, and what exists.
        """
        whole = [each for each in needs if each not in self._passed and not self.passed(each)]
        if whole:
            self._skip(name, whole[0])
            return
        failures: list[StackFailure] = []
        compared: list[Comparison] = []
        passed: set[int] = set()
        for table in tables:
            subject = table.table.table
            failed = [x for x in needs if x in self._passed and table.index not in self._passed[x]]
            if failed:
                detail = f"needs: {failed[0]}"
                compared.append(Comparison(State.SKIPPED, detail, subject))
                continue
            state = State.OK
            try:
                _answer(partial(body, table))
                passed.add(table.index)
            except StackFailure as failure:
                state = State.FAILED
                failures += failures_in(failure)
            found = compare(table) if compare is not None else ("", "")
            compared.append(Comparison(state, "", subject, *found))
        self._passed[name] = frozenset(passed)
        states = [each.state for each in compared]
        worst = next((x for x in (State.FAILED, State.SKIPPED) if x in states), State.OK)
        self._results[name] = Result(name, worst, "", tuple(compared), tuple(failures))

    def group(self, name: str, body: Callable[[], None], *, needs: Sequence[str]) -> None:
        """Run checks that share a connection.

        Args:
            name: The name of the result if they cannot be run.
            body: Runs the checks; it raises NotReady if the connection fails.
            needs: The checks whose results it relies on.
        """
        if missing := [each for each in needs if not self.passed(each)]:
            self._skip(name, missing[0])
            return
        try:
            body()
        except NotReady as reason:
            self.note(Result(name, State.UNKNOWN, str(reason)))

    def _skip(self, name: str, missing: str) -> None:
        known = self._results.get(missing)
        state = State.UNKNOWN if known is None or known.state is State.UNKNOWN else State.SKIPPED
        self._results[name] = Result(name, state, f"needs: {missing}")


def failures_of(results: Iterable[Result]) -> tuple[StackFailure, ...]:
    """Return all failures; one that has several effects, once."""
    found = [failure for result in results for failure in result.failures]
    return tuple({str(failure): failure for failure in found}.values())


def expect_passed(results: Iterable[Result]) -> None:
    """Return if no check failed.

    Raises:
        StackFailure: A check failed; all failures together.
    """
    raise_all(failures_of(results))


def _answer(body: Body) -> Iterable[str] | None:
    """Return the answer of a check; a query that PostgreSQL refuses is a failure."""
    try:
        return body()
    except psycopg.ProgrammingError as error:
        raise StackFailure(
            f"PostgreSQL refuses a query of the check: {str(error).strip().splitlines()[0]}",
            hint="grant the role of the address the missing privilege",
        ) from None
