"""The results of `inv check`, as text and as JSON."""

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from cdc_perf.files import json_text
from cdc_perf.report.rows import printable
from cdc_perf.stack.checks.results import Comparison, Result, State, failures_of
from cdc_perf.wording import counted

# Of a cell of a check that passed: the others are shown in full.
_MOST_CHARACTERS = 40


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
                        "state": str(each.state),
                        "detail": each.detail,
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
    """Yield a row for the check; if tables did not pass it, one for each of them."""
    tables = [each for each in result.compared if each.subject]
    for each in tables if result.state is not State.OK else ():
        if each.state is not State.OK:
            name = f"{result.name} of {printable(each.subject)}"
            yield name, *_cells(each), _state(each.state, each.detail)
    if tables and result.state is State.OK:
        yield result.name, counted(len(tables), "table"), "", _state(result.state, result.detail)
    if not tables:
        cells = _cells(*result.compared) if result.compared else ("", "")
        yield result.name, *cells, _state(result.state, result.detail)


def _state(state: State, detail: str) -> str:
    return f"{state} ({printable(detail)})" if detail else str(state)


def _cells(compared: Comparison) -> tuple[str, str]:
    shown = printable(compared.requested), printable(compared.exists)
    if compared.state is State.FAILED:
        return shown
    requested, exists = (
        text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 3]}..."
        for text in shown
    )
    return requested, exists


def _last(results: Sequence[Result]) -> str:
    failures = len(failures_of(results))
    left = sum(result.state in (State.SKIPPED, State.UNKNOWN) for result in results)
    checked = f"{counted(failures, 'problem')}" if failures else "no problem found"
    return f"{checked}; {counted(left, 'check')} not run" if left else checked
