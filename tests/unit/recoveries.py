"""Recoveries for tests: from a fault that is over, and from one that is not."""

from datetime import UTC, datetime

from cdc_perf.faults.records import Injection
from cdc_perf.faults.recovery import Measure, Recovery
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

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
KILLED = Recovery(
    injection=Injection(
        fault="kill:connect",
        number=1,
        description="kill -9 of the Kafka Connect worker",
        began=AT,
        proved=AT,
        proof="1 process (9) ended by SIGKILL",
        ended=AT,
        detected=AT,
        signal="Kafka Connect does not answer",
    ),
    began=100.0,
    end=140.0,
    flowing_again=103.3,
    steady_again=104.0,
    measures={
        DETECTION: Measure(0.13, 1),
        OUTAGE: Measure(3.26, 300),
        CATCH_UP: Measure(3.3, 600),
        LATENCY: Measure(4.0, 500),
        STALENESS: Measure(3.22, 300),
        SLOT_RETAINED_BYTES: Measure(78_438.0, 15),
        LOST: Measure(0.0, 800),
        DUPLICATES: Measure(12.0, 800),
    },
)
UNSEEN = Recovery(
    injection=Injection(fault="kill:mongodb", number=1, description="", began=AT, proved=AT),
    began=200.0,
    end=240.0,
    flowing_again=240.0,
    steady_again=240.0,
    measures={
        **KILLED.measures,
        DETECTION: Measure(None, 0, why="no signal showed it"),
        OUTAGE: Measure(40.0, 300, at_least=True),
        CATCH_UP: Measure(None, 0, at_least=True, why="changes were not seen"),
    },
)
