import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.load.overrides import Overrides


@pytest.mark.parametrize(
    ("duration", "vus", "environment", "variables"),
    [
        pytest.param("", "", "", {"DURATION": "", "VUS": "", "CDC_ENV": ""}, id="none"),
        pytest.param(
            "90s", "20", "ci", {"DURATION": "1m30s", "VUS": "20", "CDC_ENV": "ci"}, id="all"
        ),
        pytest.param("1.5s", "", "", {"DURATION": "1.5s", "VUS": "", "CDC_ENV": ""}, id="short"),
    ],
)
def test_overrides_become_the_variables_of_the_scripts(
    duration: str, vus: str, environment: str, variables: dict[str, str]
) -> None:
    # One that is inherited must not slip through.
    expected = {**variables, "HOLD_RATE": ""}
    assert Overrides.parse(duration, vus, environment).variables() == expected


@pytest.mark.parametrize("vus", ["0", "-3", "many", "1.5", "10001", "١٢"])
def test_what_is_no_number_of_virtual_users_is_refused(vus: str) -> None:
    with pytest.raises(UsageFailure, match=r"^--vus: .* is not a number of virtual users"):
        Overrides.parse("", vus, "")


@pytest.mark.parametrize("duration", ["soon", "-1m", "25h", "0s", "999ms", "10"])
def test_what_is_no_duration_is_refused(duration: str) -> None:
    with pytest.raises(UsageFailure, match=r"^--duration: "):
        Overrides.parse(duration, "", "")
