import json
from typing import Any

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios
from tests.unit.settings.files import Put

NAMES = (
    *("health-check", "baseline", "stress", "spike", "soak"),
    *("e2e-latency", "mixed-workload", "breakpoint", "resilience"),
)
_RAMP = {"executor": "ramping-vus", "startVUs": 0}
_RISING = {
    "executor": "ramping-arrival-rate",
    "startRate": 1,
    "timeUnit": "1s",
    "preAllocatedVUs": 1,
    "maxVUs": 1,
    "stages": [{"duration": "1m", "target": 9}],
}
_RATE = {"executor": "constant-arrival-rate", "rate": 1, "timeUnit": "1s", "duration": "1s"}


def test_the_committed_scenarios_are_those_of_the_plan(committed: Checkout) -> None:
    scenarios = load_scenarios(committed)
    assert scenarios.names == NAMES
    assert {scenario.name: scenario.duration_seconds for scenario in scenarios.every} == {
        "health-check": 60,
        "baseline": 300,
        "stress": 960,
        "spike": 120,
        "soak": 7200,
        "e2e-latency": 300,
        "mixed-workload": 540,
        "breakpoint": 600,
        "resilience": 1500,
    }
    assert all(scenario.k6_script.is_file() for scenario in scenarios.every)
    assert scenarios.get("health-check").k6_script.name == "health-check.js"
    assert scenarios.get("spike").k6_script.name == "workload-test.js"


@pytest.mark.parametrize(
    ("names", "selected"),
    [
        ("baseline", ["baseline"]),
        ("e2e-latency, baseline,", ["e2e-latency", "baseline"]),
        ("spike,spike", ["spike"]),
        ("all", ["baseline", "stress", "spike", "e2e-latency", "mixed-workload"]),
        (
            "soak,all,spike",
            ["soak", "baseline", "stress", "spike", "e2e-latency", "mixed-workload"],
        ),
    ],
)
def test_a_list_selects_each_scenario_once_in_its_order(
    committed: Checkout, names: str, selected: list[str]
) -> None:
    assert [scenario.name for scenario in load_scenarios(committed).select(names)] == selected


@pytest.mark.parametrize(
    ("names", "line"),
    [
        ("basline", "--scenarios: unknown scenario 'basline'; did you mean baseline?"),
        ("baseline,ALL", f"--scenarios: unknown scenario 'ALL'; known: {', '.join(NAMES)}, all"),
        (" ,", f"--scenarios: name at least one scenario; known: {', '.join(NAMES)}, all"),
    ],
)
def test_an_unknown_scenario_is_answered_with_those_near_it(
    committed: Checkout, names: str, line: str
) -> None:
    with pytest.raises(UsageFailure) as caught:
        load_scenarios(committed).select(names)
    assert str(caught.value) == line


def test_all_needs_a_scenario_that_belongs_to_it(checkout: Checkout, put: Put) -> None:
    content = json.loads(checkout.scenarios_file.read_text(encoding="utf-8"))
    put(checkout.scenarios_file, {"soak": content["soak"]})
    with pytest.raises(UsageFailure, match=r"no scenario in scenarios.json has in_all: true"):
        load_scenarios(checkout).select("all")


@pytest.mark.parametrize(
    ("change", "place", "problem"),
    [
        ({"description": ""}, "baseline.description", "expected `str` of length >= 1"),
        ({"think_time_seconds": -1}, "baseline.think_time_seconds", "expected `float` >= 0.0"),
        ({"think_time": 1}, "baseline.think_time", "is not a known setting"),
        ({"hold": "5m"}, "baseline.hold", "only the executor ramping-arrival-rate can have a hold"),
        ({"hold": "soon", "options": _RISING}, "baseline.hold", "'soon' is not a duration"),
        ({"in_all": "yes"}, "baseline.in_all", "expected `bool`, got `str`"),
        ({"options": {"vus": 1}}, "baseline.options.executor", "is missing"),
        ({"options": {"executor": "constant"}}, "baseline.options.executor", "invalid value"),
        (
            {"options": {"executor": "observation", "duration": "1m"}},
            "baseline.options.executor",
            "invalid value",
        ),
        (
            {"options": {"executor": "constant-vus", "vus": 0, "duration": "1m"}},
            "baseline.options.vus",
            "expected `int` >= 1",
        ),
        (
            {"options": {"executor": "constant-vus", "vus": 1, "duration": "1 minute"}},
            "baseline.options.duration",
            "'1 minute' is not a duration",
        ),
        (
            {"options": {"executor": "constant-vus", "vus": 1, "duration": "1m", "rate": 1}},
            "baseline.options.rate",
            "is not a known setting",
        ),
        ({"options": {**_RAMP, "stages": []}}, "baseline.options.stages", "expected `array`"),
        (
            {"options": {**_RAMP, "stages": [{"duration": "1m", "target": 0}]}},
            "baseline.options.stages",
            "no target is above 0, so nothing would run",
        ),
        (
            {"options": {**_RAMP, "stages": [{"duration": "1m", "target": 1}, {"duration": "0s"}]}},
            "baseline.options.stages[1].target",
            "is missing",
        ),
        (
            {"options": {**_RAMP, "stages": [{"duration": "0s", "target": 1}]}},
            "baseline.options.stages[0].duration",
            "'0s' is zero or shorter than 1ms",
        ),
        (
            {"options": {**_RATE, "preAllocatedVUs": 9, "maxVUs": 8}},
            "baseline.options.maxVUs",
            "must be at least preAllocatedVUs, 9",
        ),
        (
            {"options": {**_RATE, "timeUnit": "s", "preAllocatedVUs": 9, "maxVUs": 9}},
            "baseline.options.timeUnit",
            "'s' is not a duration",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_a_wrong_shape_is_one_line_that_names_the_place(
    checkout: Checkout, put: Put, change: dict[str, Any], place: str, problem: str
) -> None:
    content = json.loads(checkout.scenarios_file.read_text(encoding="utf-8"))
    put(checkout.scenarios_file, {"baseline": {**content["baseline"], **change}})
    with pytest.raises(UsageFailure) as caught:
        load_scenarios(checkout)
    line = str(caught.value)
    assert line.lower().startswith(f"scenarios.json: {place}: {problem}".lower())
    assert "\n" not in line


@pytest.mark.parametrize(
    "name", ["all", "observe", "default", "environments", "Base", "a_b", "../x", "-a", ""]
)
def test_a_name_that_means_something_else_is_refused(
    checkout: Checkout, put: Put, name: str
) -> None:
    put(checkout.scenarios_file, {name: {}})
    with pytest.raises(UsageFailure, match=r"^scenarios.json: .*: is not a valid name"):
        load_scenarios(checkout)


def test_a_scenario_without_its_script_is_refused(checkout: Checkout) -> None:
    (checkout.scripts / "workload-test.js").unlink()
    with pytest.raises(UsageFailure) as caught:
        load_scenarios(checkout)
    assert str(caught.value) == (
        f"scenarios.json: baseline: there is no script workload-test.js in {checkout.own_scripts} "
        "or among the built-in ones"
    )


def test_a_file_without_scenarios_is_refused(checkout: Checkout, put: Put) -> None:
    put(checkout.scenarios_file, {})
    with pytest.raises(UsageFailure, match=r"^scenarios.json: contains no scenario$"):
        load_scenarios(checkout)
