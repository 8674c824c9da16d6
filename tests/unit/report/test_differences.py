from collections.abc import Mapping

import msgspec
import pytest

from cdc_perf.report.differences import SettingDifference, differences
from cdc_perf.results.manifest import Manifest
from tests.unit.recorded_runs import manifest, row

ROWS = [row("baseline")]
FAST = {"poll.interval.ms": "5", "snapshot.mode": "no_data"}


def way(connector: Mapping[str, str]) -> Manifest:
    return msgspec.structs.replace(manifest(ROWS), connector=connector)


def between(before: Manifest | None, now: Manifest | None) -> tuple[SettingDifference, ...]:
    return differences(
        *({"baseline": (each, each.scenarios[0] if each else None)} for each in (before, now))
    )


def test_a_setting_of_the_connector_that_differs_is_reported_with_both_values() -> None:
    slow = {"heartbeat.interval.ms": "0", "poll.interval.ms": "500", "snapshot.mode": "no_data"}
    assert between(way(FAST), way(slow)) == (
        SettingDifference("connector heartbeat.interval.ms", "-", "0"),
        SettingDifference("connector poll.interval.ms", "5", "500"),
    )
    assert between(way(FAST), way(FAST)) == ()


@pytest.mark.parametrize("neither", [(way({}), way({})), (None, None)])
def test_what_no_run_tells_is_no_difference(
    neither: tuple[Manifest | None, Manifest | None],
) -> None:
    assert between(*neither) == ()


def test_a_run_that_does_not_tell_is_not_said_to_have_had_none() -> None:
    assert between(way({}), way(FAST)) == (
        SettingDifference("connector", "not recorded", "2 settings"),
    )


def test_a_run_json_from_before_the_settings_were_recorded_still_reads() -> None:
    content = msgspec.to_builtins(way(FAST))
    del content["connector"]
    assert msgspec.convert(content, Manifest).connector == {}
