"""What k6 logs of iterations that throw."""

from pathlib import Path

from cdc_perf.load.exceptions import Exceptions, read_exceptions

# As k6 1.8.1 writes them.
THREW = (
    'time="2026-11-28T16:00:00Z" level=error msg="Error: no \\"status\\"\\n\\tat default '
    '(file:///k6/scripts/baseline-test.js:7:9(3))\\n" executor=constant-vus scenario=baseline '
    "source=stacktrace\n"
)
LOGGED = (
    'time="2026-11-28T16:00:00Z" level=error msg="pg_write_errors: executor=x scenario=y" '
    "source=console\n"
)


def test_each_iteration_that_threw_is_counted_and_the_first_is_quoted(tmp_path: Path) -> None:
    log = tmp_path / "k6.log"
    log.write_text(LOGGED + THREW + THREW.replace("no ", "another "), encoding="utf-8")
    assert read_exceptions(log) == Exceptions(
        2, 'Error: no "status" at default (file:///k6/scripts/baseline-test.js:7:9(3))'
    )


def test_errors_that_a_script_logs_are_no_exceptions(tmp_path: Path) -> None:
    log = tmp_path / "k6.log"
    log.write_text(LOGGED, encoding="utf-8")
    assert read_exceptions(log) == Exceptions()


def test_no_log_has_no_exceptions(tmp_path: Path) -> None:
    assert read_exceptions(tmp_path / "k6.log") == Exceptions()
