from dataclasses import replace

import pytest

from cdc_perf.stack.checks.slot import Slot, slot_fault

OURS = Slot("cdc_slot", "pgoutput", "cdc", active=True, lost=False)
OTHER = Slot("orders_slot", "pgoutput", "cdc", active=False, lost=False)
ELSEWHERE = Slot("a_slot", "pgoutput", "shop", active=True, lost=False)
PHYSICAL = Slot("a_standby", "", "", active=True, lost=False)


def test_an_active_slot_of_the_database_is_no_fault() -> None:
    assert slot_fault("cdc_slot", "cdc", [PHYSICAL, OURS, OTHER], reading=True) is None


@pytest.mark.parametrize(
    ("slot", "part"),
    [
        (replace(OURS, plugin="", database=""), "physical"),
        (replace(OURS, plugin="wal2json"), "wal2json"),
        (replace(OURS, database="shop"), "database shop, not of cdc"),
        (replace(OURS, lost=True), "removed changes"),
    ],
)
@pytest.mark.parametrize("reading", [True, False])
def test_a_slot_that_no_connector_can_read_is_one_before_its_deployment_too(
    slot: Slot,
    part: str,
    reading: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    fault = slot_fault("cdc_slot", "cdc", [slot, OTHER], reading=reading)
    assert fault is not None
    assert part in fault.what
    assert "orders_slot" in fault.what
    assert not fault.may_pass


def test_before_a_deployment_the_slot_need_not_exist_nor_be_read() -> None:
    idle = replace(OURS, active=False)
    assert slot_fault("cdc_slot", "cdc", [OTHER], reading=False) is None
    assert slot_fault("cdc_slot", "cdc", [idle], reading=False) is None


def test_only_an_inactive_slot_may_pass_by_itself() -> None:
    inactive = slot_fault("cdc_slot", "cdc", [replace(OURS, active=False)], reading=True)
    missing = slot_fault("cdc_slot", "cdc", [], reading=True)
    assert inactive is not None
    assert inactive.may_pass
    assert missing is not None
    assert not missing.may_pass


def test_the_other_slots_are_named_the_likeliest_first() -> None:
    many = [Slot(f"z{number}", "pgoutput", "cdc", active=True, lost=False) for number in range(9)]
    fault = slot_fault("nope", "cdc", [PHYSICAL, ELSEWHERE, OTHER, *many], reading=True)
    assert fault is not None
    assert fault.what == (
        "PostgreSQL has no replication slot nope; other slots: orders_slot (pgoutput, cdc, "
        "inactive), z0 (pgoutput, cdc), z1 (pgoutput, cdc), z2 (pgoutput, cdc), "
        "z3 (pgoutput, cdc), and 7 more"
    )
    few = slot_fault("nope", "cdc", [PHYSICAL, ELSEWHERE], reading=True)
    assert few is not None
    assert few.what.endswith("other slots: a_slot (pgoutput, shop), a_standby (physical)")
