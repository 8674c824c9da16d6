import pytest

from cdc_perf.errors import (
    ExitCode,
    Failure,
    Interrupted,
    LoadFailure,
    StackFailure,
    UsageFailure,
)


@pytest.mark.parametrize(
    ("failure", "code"),
    [(UsageFailure, 2), (StackFailure, 3), (LoadFailure, 4), (Interrupted, 130)],
)
def test_a_failure_carries_its_exit_code(failure: type[Failure], code: int) -> None:
    assert failure("x").code == code


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (StackFailure("broken"), "broken"),
        (StackFailure("broken", hint="mend it"), "broken\n  remedy: mend it"),
        (StackFailure("broken", detail=("a", "b")), "broken\n  | a\n  | b"),
        (
            StackFailure("broken", hint="mend it", detail=("a",)),
            "broken\n  remedy: mend it\n  | a",
        ),
    ],
)
def test_a_failure_shows_message_remedy_and_detail(failure: Failure, text: str) -> None:
    assert str(failure) == text


def test_the_exit_codes_are_those_of_the_contract() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "PASS": 0,
        "USAGE": 2,
        "STACK": 3,
        "LOAD": 4,
        "PUBLISH": 5,
        "FAIL": 10,
        "NO_DATA": 11,
        "INVALID": 12,
        "INTERRUPTED": 130,
    }
