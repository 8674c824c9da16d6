"""The shape of verdict.json, of a scenario and of a run."""

import msgspec

from cdc_perf.errors import ExitCode
from cdc_perf.reasons.reason import Reason
from cdc_perf.stats.intervals import Interval
from cdc_perf.verdict.verdict import Verdict

SCHEMA_VERSION = 2


class ThresholdResult(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One threshold and what was observed.

    Attributes:
        metric: The metric's name, with the tags that the threshold selects:
            `cdc_e2e_latency{table:shop.orders,operation:update}`.
        stat: The stat: `p95`.
        operator: The comparison that must hold: `<=`.
        limit: The threshold's value.
        unit: The unit of the threshold's value, the observed value, and the interval: `ms`; for a
            growth the metric's unit per hour, `B/h`. Empty if there is none, and in files of
            schema version 1.
        observed: The observed value; null if there is none.
        samples: The number of samples behind it.
        samples_needed: The number of samples that the threshold needs.
        interval: The confidence interval; null for stats that have none, and without points.
        margin: The share of the threshold that is left: 0.25 for 1,500 ms of at most 2,000 ms,
            negative if the threshold is broken; null without an observation, or for a threshold
            of 0.
        ok: Whether the threshold holds; null if unknown.
        reason: Why it does not hold or is unknown; else empty.
    """

    metric: str
    stat: str
    operator: str
    limit: float
    unit: str = ""
    observed: float | None
    samples: int
    samples_needed: int
    interval: Interval | None = None
    margin: float | None = None
    ok: bool | None
    reason: str = ""


class GateResult(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One gate.

    Attributes:
        name: The gate: `k6_exit`.
        condition: What must hold, in words.
        observed: What was found, in words.
        ok: Whether it holds; null if unknown.
        reason: Why not; else empty.
        overrides_invalid: Whether the failure counts even if the measurement cannot be trusted:
            a component died, rows were lost, or the pipeline does not drain. A starved load
            generator does not change that.
    """

    name: str
    condition: str = msgspec.field(name="limit")
    observed: str
    ok: bool | None
    reason: str = ""
    overrides_invalid: bool = msgspec.field(name="certain", default=False)


class ScenarioVerdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The verdict on one scenario: `<run>/<scenario>/verdict.json`.

    Attributes:
        schema_version: The version of this shape.
        scenario: The scenario's name.
        verdict: The verdict.
        exit_code: The exit code of a run of this scenario alone.
        reasons: Why it is not PASS, the decisive reasons first; empty only for PASS.
        thresholds: Every threshold.
        gates: Every gate.
    """

    schema_version: int = SCHEMA_VERSION
    scenario: str
    verdict: Verdict
    exit_code: ExitCode
    reasons: tuple[Reason, ...]
    thresholds: tuple[ThresholdResult, ...]
    gates: tuple[GateResult, ...]


class ScenarioOutcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario's entry in the verdict on its run.

    Attributes:
        scenario: The scenario's name.
        verdict: The verdict.
        exit_code: The exit code of a run of this scenario alone.
    """

    scenario: str
    verdict: Verdict
    exit_code: ExitCode


class RunVerdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The verdict on a run: `<run>/verdict.json`.

    Attributes:
        schema_version: The version of this shape.
        verdict: The worst of its scenarios.
        exit_code: The exit code of `inv perf`.
        reasons: The reasons of every scenario: each text begins with the scenario's name, which is
            the parameter `scenario`.
        scenarios: In run order.
    """

    schema_version: int = SCHEMA_VERSION
    verdict: Verdict
    exit_code: ExitCode
    reasons: tuple[Reason, ...]
    scenarios: tuple[ScenarioOutcome, ...]
