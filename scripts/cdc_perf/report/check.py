"""The results of `inv check`, as text and as JSON."""

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from cdc_perf.files import json_text
from cdc_perf.report.rows import printable
from cdc_perf.stack.checks.results import Comparison, Result, State, failures_of
from cdc_perf.wording import counted

_MOST_CHARACTERS = 60


def check_text(results: Sequence[Result]) -> str:
    """Return a table of the checks, then each failure with its remedy, and each warning."""
    table = tabulate(
        [row for result in results for row in _rows(result)],
        headers=["check", "requested", "exists", "result"],
        disable_numparse=True,
    )
    failures = [line for failure in failures_of(results) for line in str(failure).splitlines()]
    warnings = [warning for result in results for warning in result.warnings]
    remains = [result.remains for result in results if result.remains]
    more = (*failures, *warnings, *remains)
    return "\n".join((table, *map(printable, more), _last(results)))


def check_json(results: Sequence[Result]) -> str:
    """Return the results as JSON: a list of objects in the order of the checks."""
    return json_text(
        [
            {
                "check": result.name,
                "state": str(result.state),
                "detail": result.detail,
                "compared": [
                    {
                        "subject": each.subject,
                        "requested": each.requested,
                        "exists": each.exists,
                    }
                    for each in result.compared
                ],
                "failures": [
                    {
                        "message": failure.message,
                        "remedy": failure.hint,
                        "detail": list(failure.detail),
                        "exit_code": int(failure.code),
                    }
                    for failure in result.failures
                ],
                "warnings": list(result.warnings),
                "remains": result.remains,
            }
            for result in results
        ]
    )


def _rows(result: Result) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for the check, or one for each table if it failed."""
    if result.state is not State.FAILED and len(result.compared) > 1:
        tables = counted(len(result.compared), "table")
        yield result.name, tables, "", _state(result)
        return
    for each in result.compared or (Comparison(),):
        name = f"{result.name} of {each.subject}" if each.subject else result.name
        yield name, _short(each.requested), _short(each.exists), _state(result)


def _state(result: Result) -> str:
    detail = f" ({printable(result.detail)})" if result.detail else ""
    return f"{result.state}{detail}"


def _short(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _MOST_CHARACTERS else f"{shown[: _MOST_CHARACTERS - 3]}..."


def _last(results: Sequence[Result]) -> str:
    failures = len(failures_of(results))
    left = sum(result.state in (State.SKIPPED, State.UNKNOWN) for result in results)
    checked = f"{counted(failures, 'problem')}" if failures else "no problem found"
    return f"{checked}; {counted(left, 'check')} not run" if left else checked
