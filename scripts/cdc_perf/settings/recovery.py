"""The thresholds on the recovery from faults: `recovery` in thresholds.json."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.expressions import Expression, Operator
from cdc_perf.settings.files import typed
from cdc_perf.settings.metrics import (
    SLOT_RETAINED_BYTES,
    Better,
    MetricKind,
    MetricType,
    Phase,
    Source,
)
from cdc_perf.settings.names import nearest
from cdc_perf.settings.thresholds import Threshold

RECOVERY = "recovery"
DETECTION, OUTAGE, CATCH_UP = "detection_seconds", "outage_seconds", "catch_up_seconds"
LATENCY, STALENESS = "latency_recovery_seconds", "max_staleness_seconds"
LOST, DUPLICATES = "lost", "duplicates"
_UNITS = {
    DETECTION: "s",
    OUTAGE: "s",
    CATCH_UP: "s",
    LATENCY: "s",
    STALENESS: "s",
    SLOT_RETAINED_BYTES: "B",
    LOST: "rows",
    DUPLICATES: "events",
}
KINDS: Mapping[str, MetricKind] = {
    name: MetricKind(name, Source.RECOVERY, MetricType.GAUGE, unit, Better.LOWER, Phase.ALL)
    for name, unit in _UNITS.items()
}

_Limit = Annotated[float, msgspec.Meta(ge=0)]
# By measure.
_Limits = dict[str, _Limit]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    default: _Limits = msgspec.field(default_factory=lambda: {LOST: 0.0})
    stacks: dict[str, dict[str, _Limits]] = {}
    scenarios: dict[str, _Limits] = {}
    faults: dict[str, _Limits] = {}


@dataclass(frozen=True)
class RecoveryThresholds:
    """All thresholds on recoveries.

    Attributes:
        default: Those of every fault, by measure.
        stacks: Those of a fault on one stack, by the stack and the fault.
        scenarios: Those of every fault of a scenario.
        faults: Those of a fault, everywhere.
    """

    default: Mapping[str, float]
    stacks: Mapping[str, Mapping[str, Mapping[str, float]]]
    scenarios: Mapping[str, Mapping[str, float]]
    faults: Mapping[str, Mapping[str, float]]

    def of(self, fault: str, *, stack: str, scenario: str) -> tuple[Threshold, ...]:
        """Return the thresholds on the recovery from one fault.

        Later ones replace earlier ones: `default`, the stack's, the scenario's, the fault's.
        """
        limits = {
            **self.default,
            **self.stacks.get(stack, {}).get(fault, {}),
            **self.scenarios.get(scenario, {}),
            **self.faults.get(fault, {}),
        }
        return tuple(threshold_on(name, limit, fault) for name, limit in limits.items())


def threshold_on(measure: str, limit: float, fault: str) -> Threshold:
    """Return a threshold on one measure of the recovery from a fault."""
    expression = Expression("value", Operator.AT_MOST, limit)
    return Threshold(KINDS[measure], expression, (("fault", fault),))


def recovery_thresholds(
    content: object, *, file: str, faults: Iterable[str], scenarios: Iterable[str]
) -> RecoveryThresholds:
    """Return the thresholds of the section `recovery`.

    Args:
        content: The section; empty: only what is lost is judged.
        file: The file's name, for error messages.
        faults: The names of all faults.
        scenarios: The names of all scenarios.

    Raises:
        UsageFailure: The section is wrong; the message names the place.
    """
    section = typed(content, _Section, file=file, place=RECOVERY)
    faults, scenarios = tuple(faults), tuple(scenarios)
    places = {
        f"{RECOVERY}.default": section.default,
        **_named(f"{RECOVERY}.scenarios", section.scenarios, scenarios, file),
        **_named(f"{RECOVERY}.faults", section.faults, faults, file),
    }
    for stack, by_fault in section.stacks.items():
        places |= _named(f"{RECOVERY}.stacks.{stack}", by_fault, faults, file)
    for place, limits in places.items():
        for measure in limits:
            if measure not in _UNITS:
                raise UsageFailure(
                    f"{file}: {place}.{measure}: unknown measure; {nearest(measure, _UNITS)}"
                )
    if LOST not in section.default:
        raise UsageFailure(
            f"{file}: {RECOVERY}.default: must bound what is lost, so that no fault passes that "
            f'loses data: add "{LOST}": 0'
        )
    return RecoveryThresholds(section.default, section.stacks, section.scenarios, section.faults)


def _named(
    place: str, limits: Mapping[str, _Limits], known: tuple[str, ...], file: str
) -> dict[str, _Limits]:
    for name in limits:
        if name not in known:
            raise UsageFailure(f"{file}: {place}.{name}: unknown name; {nearest(name, known)}")
    return {f"{place}.{name}": each for name, each in limits.items()}
