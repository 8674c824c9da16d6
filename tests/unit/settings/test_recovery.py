from typing import Any

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.recovery import RecoveryThresholds, recovery_thresholds

SECTION: dict[str, Any] = {
    "default": {"lost": 0, "outage_seconds": 60},
    "stacks": {"local": {"kill:kafka": {"outage_seconds": 12, "catch_up_seconds": 14}}},
    "scenarios": {"resilience": {"catch_up_seconds": 20}},
    "faults": {"kill:connect": {"outage_seconds": 9}},
}


def parsed(section: object) -> RecoveryThresholds:
    return recovery_thresholds(
        section,
        file="thresholds.json",
        faults=("kill:kafka", "kill:connect"),
        scenarios=("baseline", "resilience"),
    )


@pytest.mark.parametrize(
    ("fault", "stack", "scenario", "limits"),
    [
        ("kill:kafka", "compose", "baseline", {"lost": 0, "outage_seconds": 60}),
        (
            "kill:kafka",
            *("local", "baseline"),
            {"lost": 0, "outage_seconds": 12, "catch_up_seconds": 14},
        ),
        (
            "kill:kafka",
            *("local", "resilience"),
            {"lost": 0, "outage_seconds": 12, "catch_up_seconds": 20},
        ),
        ("kill:connect", "local", "baseline", {"lost": 0, "outage_seconds": 9}),
    ],
)
def test_later_sections_replace_earlier_ones(
    fault: str, stack: str, scenario: str, limits: dict[str, float]
) -> None:
    found = parsed(SECTION).of(fault, stack=stack, scenario=scenario)
    assert {each.kind.name: each.limit for each in found} == limits
    assert {each.metric for each in found} == {f"{name}{{fault:{fault}}}" for name in limits}


def test_without_a_section_what_is_lost_is_judged() -> None:
    (found,) = parsed({}).of("kill:kafka", stack="local", scenario="baseline")
    assert (found.kind.name, found.limit) == ("lost", 0)


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"default": {}}, 'add "lost": 0'),
        ({"default": {"lost": 0, "outage": 1}}, "recovery.default.outage: unknown measure"),
        ({"default": {"lost": -1}}, "recovery.default"),
        (
            {"default": {"lost": 0}, "faults": {"kill:kafca": {"lost": 0}}},
            "recovery.faults.kill:kafca: unknown name; did you mean kill:kafka?",
        ),
        (
            {"default": {"lost": 0}, "scenarios": {"stres": {"lost": 0}}},
            "recovery.scenarios.stres: unknown name",
        ),
        (
            {"default": {"lost": 0}, "stacks": {"local": {"kill": {"lost": 0}}}},
            "recovery.stacks.local.kill: unknown name",
        ),
    ],
)
def test_a_wrong_section_is_refused_with_its_place(section: object, message: str) -> None:
    with pytest.raises(UsageFailure) as raised:
        parsed(section)
    assert message in raised.value.message
