import json
from typing import Any

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.faults import (
    Freeze,
    Kill,
    PlannedFault,
    lasting,
    load_faults,
    named_faults,
    typed_faults,
)
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import load_scenarios
from cdc_perf.stack.component_specs import COMPONENTS

CONNECT = {"action": "kill", "component": "connect", "description": "kill -9 of Kafka Connect"}
FROZEN = {
    "action": "freeze",
    "component": "kafka",
    "duration": "8s",
    "description": "the broker stalls",
}


def put(checkout: Checkout, content: object, *, own: object = None) -> None:
    checkout.faults_file.parent.mkdir(parents=True, exist_ok=True)
    checkout.faults_file.write_text(json.dumps(content))
    if own is not None:
        checkout.own_faults_file.parent.mkdir(parents=True, exist_ok=True)
        checkout.own_faults_file.write_text(json.dumps(own))


def test_every_committed_fault_of_a_component_names_one(committed: Checkout) -> None:
    faults = load_faults(committed)
    named = {
        name: fault.action.component
        for name, fault in faults.items()
        if hasattr(fault.action, "component")
    }
    assert set(named.values()) == set(COMPONENTS)
    assert all(name.endswith(f":{component}") for name, component in named.items())


def test_the_list_of_resilience_has_no_fault_that_must_lose_data(committed: Checkout) -> None:
    faults = load_faults(committed)
    listed = load_scenarios(committed).get("resilience").faults
    assert len(named_faults(listed, faults, where="")) >= 16
    assert "slot:dropped" not in listed
    assert "transaction:huge" not in listed


def test_a_pipelines_own_faults_overlay_the_built_in_ones(checkout: Checkout) -> None:
    own: dict[str, Any] = {"freeze:kafka": {"duration": "3s"}, "kill:connect": None}
    put(checkout, {"kill:connect": CONNECT, "freeze:kafka": FROZEN}, own=own)
    (fault,) = load_faults(checkout).values()
    assert isinstance(fault.action, Freeze)
    assert lasting(fault.action) == 3.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"kill:connect": {**CONNECT, "action": "explode"}}, "explode"),
        ({"kill:connect": {**CONNECT, "duration": "5s"}}, "duration: is not a known setting"),
        ({"freeze:kafka": {**FROZEN, "duration": "soon"}}, "'soon' is not a duration"),
        ({"kill:connect": {"action": "kill", "component": "connect"}}, "description: is missing"),
        ({"Kill Connect": CONNECT}, "faults.json"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(
    checkout: Checkout, content: object, message: str
) -> None:
    put(checkout, content)
    with pytest.raises(UsageFailure, match=r"faults\.json") as raised:
        load_faults(checkout)
    assert message in raised.value.message


def test_typed_faults_are_in_the_order_of_their_times(committed: Checkout) -> None:
    known = load_faults(committed)
    planned = typed_faults(["kill:kafka@1m30s", "kill:connect@30s"], known)
    assert [(x.fault.name, x.at_seconds) for x in planned] == [
        ("kill:connect", 30.0),
        ("kill:kafka", 90.0),
    ]
    assert isinstance(planned[0].fault.action, Kill)


def test_listed_faults_have_no_time(committed: Checkout) -> None:
    known = load_faults(committed)
    assert named_faults(["kill:kafka"], known, where="") == (PlannedFault(known["kill:kafka"]),)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["kill:connect"], "has no time; use a form such as kill:connect@30s"),
        (["kil:connect@30s"], "unknown fault 'kil:connect'; did you mean kill:connect"),
        (["kill:connect@soon"], "--fault kill:connect: 'soon' is not a duration"),
        (
            ["freeze:kafka@30s", "kill:connect@33s"],
            "kill:connect begins before freeze:kafka has ended",
        ),
    ],
)
def test_a_wrong_option_is_refused(committed: Checkout, options: list[str], message: str) -> None:
    with pytest.raises(UsageFailure) as raised:
        typed_faults(options, load_faults(committed))
    assert message in raised.value.message
