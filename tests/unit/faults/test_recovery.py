"""The measures of a recovery, from changes whose times are known."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cdc_perf.faults.records import Injection
from cdc_perf.faults.recovery import (
    Change,
    Observed,
    RecoveryFile,
    changes_of,
    read_recoveries,
    recoveries,
    with_findings,
)
from cdc_perf.files import readable_json
from cdc_perf.integrity.ledger import AcknowledgedWrite, Arrival
from cdc_perf.integrity.records import FindingTimes, Integrity
from cdc_perf.settings.metrics import SLOT_RETAINED_BYTES
from cdc_perf.settings.recovery import (
    CATCH_UP,
    DETECTION,
    DUPLICATES,
    LATENCY,
    LOST,
    OUTAGE,
    STALENESS,
)

RATE = 20
END = 60.0
FAULT = 20.0
USUAL = 0.01


def injected(
    at: float = FAULT, *, name: str = "kill:connect", detected: float | None = None
) -> Injection:
    return Injection(
        fault=name,
        number=1,
        description="a fault",
        began=datetime.fromtimestamp(at, UTC),
        proved=datetime.fromtimestamp(at + 0.05, UTC),
        proof="process 1 ended",
        ended=datetime.fromtimestamp(at + 0.05, UTC),
        detected=None if detected is None else datetime.fromtimestamp(detected, UTC),
        signal="" if detected is None else "the slot is not active",
    )


def observed(
    outages: Sequence[tuple[float, float]] = (), *, slow_until: float = 0.0, end: float = END
) -> Observed:
    """Changes at a constant rate; those written in an outage arrive at its end."""
    written = [number / RATE for number in range(round(end * RATE))]
    changes = [Change(at, _arrival(at, outages, slow_until)) for at in written]
    arrived = sorted((x for x in changes if x.arrived < end), key=lambda x: x.arrived)
    return Observed(
        begin=5.0,
        end=end,
        changes=arrived,
        unseen=(),
        latencies=[(x.arrived, (x.arrived - x.written) * 1000) for x in arrived],
        lag=(),
        slot=[(float(at), 1000.0 * at) for at in range(round(end))],
    )


def _arrival(at: float, outages: Sequence[tuple[float, float]], slow_until: float) -> float:
    for begin, end in outages:
        if begin <= at + USUAL < end:
            return end
    return at + (0.1 if FAULT < at < slow_until else USUAL)


def test_an_outage_is_measured_from_the_injection() -> None:
    (found,) = recoveries([injected(detected=22.5)], observed([(FAULT, 26.0)]))
    measures = found.measures
    assert measures[DETECTION].value == pytest.approx(2.5)
    assert measures[OUTAGE].value == pytest.approx(6.0, abs=0.06)
    assert measures[CATCH_UP].value == pytest.approx(6.0, abs=0.06)
    assert measures[STALENESS].value == pytest.approx(6.0, abs=0.06)
    # The window of 60 that begins with the changes of the outage is slow; 95% of a window must be
    # as before.
    assert measures[LATENCY].value == pytest.approx(6.0, abs=0.5)
    assert measures[SLOT_RETAINED_BYTES].value == 59_000
    assert not any(each.at_least for each in measures.values())
    assert found.steady_again == pytest.approx(26.0, abs=0.5)


def test_a_fault_without_effect_has_no_outage_beyond_the_usual_gap() -> None:
    (found,) = recoveries([injected()], observed())
    assert found.measures[DETECTION].value is None
    assert found.measures[DETECTION].why == "no signal showed it"
    assert found.measures[OUTAGE].value == pytest.approx(1 / RATE)
    assert found.measures[CATCH_UP].value == 0
    assert found.measures[LATENCY].value == 0
    assert found.measures[STALENESS].value == pytest.approx(USUAL)


def test_a_pipeline_that_does_not_come_back_is_down_at_least_until_the_end() -> None:
    (found,) = recoveries([injected()], observed([(FAULT, 1000.0)]))
    for name in (OUTAGE, CATCH_UP):
        assert found.measures[name].value == pytest.approx(END - FAULT, abs=0.06)
        assert found.measures[name].at_least
    assert found.measures[STALENESS].value is None
    assert found.steady_again == END


def test_changes_that_k6_gave_up_on_leave_the_catch_up_unknown() -> None:
    seen = observed([(FAULT, 26.0)])
    gave_up = Observed(**{**vars(seen), "unseen": (30.0,)})
    (found,) = recoveries([injected()], gave_up)
    assert found.measures[CATCH_UP].value is None
    assert found.measures[CATCH_UP].why == "changes were not seen before k6's timeout"
    assert found.measures[STALENESS].at_least


def test_the_latency_is_back_when_a_whole_window_is() -> None:
    (found,) = recoveries([injected()], observed(slow_until=30.0))
    assert found.measures[OUTAGE].value == pytest.approx(0.14, abs=0.01)
    assert found.measures[LATENCY].value == pytest.approx(10.0, abs=0.5)
    assert found.steady_again == pytest.approx(30.0, abs=0.5)


def test_too_few_iterations_are_no_latency() -> None:
    (found,) = recoveries([injected(at=7.0)], observed())
    assert found.measures[LATENCY].value is None
    assert "p95 needs 60 iterations" in found.measures[LATENCY].why


def test_the_consumer_lag_counts_too() -> None:
    seen = observed()
    lag = [(float(at), 500.0 if 21 <= at < 33 else 1.0) for at in range(60)]
    (found,) = recoveries([injected()], Observed(**{**vars(seen), "lag": lag}))
    assert found.measures[CATCH_UP].value == pytest.approx(13.0)


def test_each_fault_is_compared_with_the_time_before_it() -> None:
    faults = [injected(20.0), injected(40.0, name="kill:kafka")]
    first, second = recoveries(faults, observed([(20.0, 24.0), (40.0, 49.0)]))
    assert first.end == 40.0
    assert first.measures[OUTAGE].value == pytest.approx(4.0, abs=0.06)
    assert second.measures[OUTAGE].value == pytest.approx(9.0, abs=0.06)
    assert first.span[1] < second.span[0]


def test_a_fault_that_did_not_happen_has_no_recovery() -> None:
    missing = Injection(fault="kill:connect", number=1, description="", failure="it does not run")
    assert recoveries([missing], observed()) == ()


def test_a_change_is_a_write_and_its_arrival() -> None:
    entries: list[AcknowledgedWrite | Arrival] = [
        AcknowledgedWrite("c", "customer", "1", 1_000_000, 1),
        AcknowledgedWrite("c", "customer", "2", 1_100_000, 2),
        Arrival("c", "customer", "2", 1_200_000, 3),
        Arrival("c", "customer", "1", 1_500_000, 4),
        AcknowledgedWrite("u", "customer", "1", 1_600_000, 5),
    ]
    assert changes_of(entries) == (Change(1.1, 1.2), Change(1.0, 1.5))


def test_what_was_lost_counts_for_the_fault_in_whose_time_it_was_written() -> None:
    faults = [injected(20.0), injected(40.0, name="kill:kafka")]
    found = recoveries(faults, observed([(20.0, 24.0), (40.0, 49.0)]))
    times = FindingTimes(
        lost_us=(10_000_000, 21_000_000, 41_000_000, 42_000_000, None),
        repeated_us=(25_000_000, 25_000_001, 12_000_000),
    )
    integrity = Integrity(checked=datetime.now(UTC), times=times, acknowledged={"c": 1200})
    first, second = with_findings(found, integrity)
    assert (first.measures[LOST].value, second.measures[LOST].value) == (2.0, 3.0)
    assert (first.measures[DUPLICATES].value, second.measures[DUPLICATES].value) == (2.0, 0.0)
    assert first.measures[LOST].samples == 1200
    (unknown, _) = with_findings(found, None)
    assert unknown.measures[LOST].value is None


def test_after_a_latency_that_stays_higher_the_last_seconds_are_compared() -> None:
    faults = [injected(20.0), injected(40.0, name="kill:kafka")]
    seen = observed([(20.0, 24.0), (40.0, 49.0)], slow_until=40.0)
    first, second = recoveries(faults, seen)
    assert first.measures[LATENCY].at_least
    assert first.steady_again == first.end == 40.0
    assert second.measures[OUTAGE].value == pytest.approx(9.0, abs=0.06)
    assert not second.measures[OUTAGE].at_least


def test_a_recovery_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = recoveries([injected(detected=22.5)], observed([(FAULT, 26.0)]))
    path = tmp_path / "recovery.json"
    assert read_recoveries(path) == ()
    path.write_bytes(readable_json(RecoveryFile(recoveries=found)))
    assert read_recoveries(path) == found
    path.write_text('{"recoveries": [{"began": -1}]}')
    with pytest.raises(ValueError, match=r"recovery\.json is malformed"):
        read_recoveries(path)
