import json

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.metrics import load_metrics
from cdc_perf.settings.overlay import script_variables
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.settings.threshold_file import load_thresholds
from tests.unit.settings.files import Put

_BURST = {
    "description": "ten seconds of load",
    "think_time_seconds": 0,
    "in_all": False,
    "options": {"executor": "constant-vus", "vus": 2, "duration": "10s"},
}


def test_without_own_files_nothing_is_passed_to_the_scripts(checkout: Checkout) -> None:
    assert script_variables(checkout) == {}


def test_an_own_scenario_is_added_and_a_built_in_one_changed(checkout: Checkout, put: Put) -> None:
    own = {
        "burst": {**_BURST, "script": "workload-test.js"},
        "baseline": {"options": {"vus": 3}},
        "soak": None,
    }
    put(checkout.own_scenarios_file, own)
    before = json.loads(checkout.scenarios_file.read_bytes())
    found = load_scenarios(checkout)
    assert found.names == (*(name for name in before if name != "soak"), "burst")
    assert found.get("burst").script == checkout.scripts / "workload-test.js"
    assert found.get("baseline").duration_seconds == 300
    passed = json.loads(script_variables(checkout)["CDC_SCENARIOS"])
    assert passed["baseline"]["options"] == {**before["baseline"]["options"], "vus": 3}
    assert passed["burst"] == own["burst"]
    assert "soak" not in passed


def test_an_own_script_comes_before_a_built_in_one(checkout: Checkout, put: Put) -> None:
    named = {**_BURST, "script": "custom.js"}
    put(checkout.own_scenarios_file, {"burst": _BURST, "named": named})
    with pytest.raises(UsageFailure) as caught:
        load_scenarios(checkout)
    assert str(caught.value) == (
        f"sample/scenarios.json: named: there is no script custom.js in {checkout.own_scripts} "
        "or among the built-in ones"
    )
    checkout.own_scripts.mkdir()
    for name in ("custom.js", "spike-test.js", "health-check.js"):
        (checkout.own_scripts / name).touch()
    found = load_scenarios(checkout)
    assert found.get("named").script == checkout.own_scripts / "custom.js"
    assert found.get("spike").script == checkout.own_scripts / "spike-test.js"
    assert found.get("health-check").script == checkout.own_scripts / "health-check.js"
    for name in ("burst", "stress"):
        assert found.get(name).script == checkout.scripts / "workload-test.js"


def test_an_own_threshold_replaces_a_built_in_one_and_null_removes_it(
    checkout: Checkout, put: Put
) -> None:
    put(
        checkout.own_thresholds_file,
        {
            "baseline": {"cdc_e2e_latency": {"p95": 123, "p99": None}},
            "environments": {"ours": {"default": {"cdc_e2e_latency": {"p95": 456}}}},
        },
    )
    names = load_scenarios(checkout).names
    table = load_thresholds(checkout, names, load_metrics(checkout))

    def limits(scenario: str, environment: str = "") -> dict[tuple[str, str], float]:
        found = table.thresholds_of(scenario, environment)
        return {(each.metric, each.stat): each.limit for each in found}

    assert limits("baseline")["cdc_e2e_latency", "p95"] == 123
    assert ("cdc_e2e_latency", "p99") not in limits("baseline")
    assert ("cdc_e2e_latency", "p99") in limits("stress")
    assert limits("baseline", "ours")["cdc_e2e_latency", "p95"] == 456
    assert "ci" in table.environments


@pytest.mark.parametrize(
    ("own", "line"),
    [
        ("{", "sample/thresholds.json: line 1, column 2: not JSON"),
        ([], "sample/thresholds.json: expected `object`"),
        ({"baselin": {}}, "sample/thresholds.json: baselin: unknown scenario; "),
        ({"default": None}, "sample/thresholds.json: default: must require a success rate"),
    ],
)
def test_a_wrong_file_is_named(checkout: Checkout, put: Put, own: object, line: str) -> None:
    put(checkout.own_thresholds_file, own)
    with pytest.raises(UsageFailure) as caught:
        load_thresholds(checkout, load_scenarios(checkout).names, load_metrics(checkout))
    assert str(caught.value).startswith(line)
