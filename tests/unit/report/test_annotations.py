import msgspec
import pytest

from cdc_perf.report.annotations import annotations
from cdc_perf.runs.row import Row
from tests.unit.measured import because
from tests.unit.recorded_runs import SLOW, gone, row

ACTIONS = {"GITHUB_ACTIONS": "true"}


def failing(*reasons: str) -> Row:
    failed = row("spike", SLOW)
    verdict = msgspec.structs.replace(failed.verdict, reasons=tuple(map(because, reasons)))
    return Row(verdict, failed.summary)


def test_every_reason_of_what_did_not_pass_is_an_error() -> None:
    assert annotations([row("baseline"), row("spike", SLOW), gone("soak")], ACTIONS) == (
        (
            "::error title=spike%3A FAIL::cdc_e2e_latency p95 was 2,310 ms over 540 samples; "
            "the threshold is 2,000 ms"
        ),
        "::error title=soak%3A NOT RUN::not run: the stack is gone",
    )


@pytest.mark.parametrize("environment", [{}, {"GITHUB_ACTIONS": ""}, {"CI": "true"}])
def test_elsewhere_nothing_is_reported(environment: dict[str, str]) -> None:
    assert annotations([row("spike", SLOW)], environment) == ()


def test_no_reason_is_a_command_of_its_own() -> None:
    hostile = "100%\r\n::set-output name=x::y\n::stop-commands::z"
    (line,) = annotations([failing(hostile)], ACTIONS)
    assert "\n" not in line
    assert "\r" not in line
    assert line.startswith("::error title=spike%3A FAIL::100%25 ")


def test_what_github_would_leave_out_is_counted() -> None:
    lines = annotations([failing(*(f"reason {n}" for n in range(14)))], ACTIONS)
    assert len(lines) == 10
    assert lines[-1] == "::error title=More::5 more reasons: see the summary"
