"""Every action has what injects it; the effect on components goes through the backend's control."""

from typing import TYPE_CHECKING, cast, get_args

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.faults.context import FaultContext
from cdc_perf.faults.injectors import (
    component_of,
    injector_of,
    link_of,
    needs_apis_only,
    ordered_ends,
)
from cdc_perf.settings.faults import Action, Fault, load_faults
from cdc_perf.settings.paths import Checkout

if TYPE_CHECKING:
    from cdc_perf.settings.pipeline import Pipeline
    from cdc_perf.stack.endpoints import Endpoints


@pytest.fixture(scope="module")
def faults() -> tuple[Fault, ...]:
    return tuple(load_faults(Checkout.here()).values())


def test_every_action_is_in_the_committed_file_and_has_an_injector(
    faults: tuple[Fault, ...],
) -> None:
    assert {type(fault.action) for fault in faults} == set(get_args(Action))
    assert all(callable(injector_of(fault.action)) for fault in faults)


def test_only_what_stops_a_component_orders_its_end(faults: tuple[Fault, ...]) -> None:
    ordered = {fault.name for fault in faults if ordered_ends(fault.action)}
    assert ordered == {
        name for name in (fault.name for fault in faults) if name.split(":")[0] in ORDERING
    }


ORDERING = ("kill", "restart", "stop", "disk")


def test_what_belongs_to_others_is_reached_by_its_apis_alone(faults: tuple[Fault, ...]) -> None:
    allowed = {fault.name for fault in faults if needs_apis_only(fault.action)}
    of_links = {fault.name for fault in faults if link_of(fault.action)}
    assert allowed - of_links == {"terminate:walsender", "transaction:open", "connector:paused"}
    others = FaultContext(cast("Pipeline", None), cast("Endpoints", None), None)
    for fault in faults:
        if component_of(fault.action):
            with (
                pytest.raises(StackFailure, match="belong to others"),
                injector_of(fault.action)(others),
            ):
                pass
