"""The shape of verdict.json, of a scenario and of a run."""

import msgspec

from cdc_perf.errors import ExitCode
from cdc_perf.stats.intervals import Interval
from cdc_perf.verdict.verdict import Verdict

SCHEMA_VERSION = 1


class ThresholdResult(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One limit against what was observed.

    Attributes:
        metric: The metric's name.
        stat: The stat: `p95`.
        operator: The comparison that has to hold: `<=`.
        limit: The limit, in the metric's unit.
        observed: What was observed, in the same unit; null where nothing was.
        samples: How many samples stand behind it.
        samples_needed: How many the limit needs.
        interval: Where the true value lies; null of stats that have none, and without points.
        margin: The share of the limit that is left: 0.25 for 1,500 ms of at most 2,000 ms, negative
            where the limit is broken; null without an observation, or for a limit of 0.
        ok: Whether the limit holds; null where that cannot be told.
        reason: Why not, or why it cannot be told; else empty.
    """

    metric: str
    stat: str
    operator: str
    limit: float
    observed: float | None
    samples: int
    samples_needed: int
    interval: Interval | None = None
    margin: float | None = None
    ok: bool | None
    reason: str = ""


class GateResult(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One condition beside the limits.

    Attributes:
        name: The gate: `k6_exit`.
        condition: What has to hold, in words.
        observed: What was found, in words.
        ok: Whether it holds; null where that cannot be told.
        reason: Why not; else empty.
        overrides_invalid: Whether the finding holds even where the measurement cannot be trusted:
            a component died, rows were lost, or the pipeline does not drain. A starved generator
            does not take that back.
    """

    name: str
    condition: str = msgspec.field(name="limit")
    observed: str
    ok: bool | None
    reason: str = ""
    overrides_invalid: bool = msgspec.field(name="certain", default=False)


class ScenarioVerdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said about one scenario: `<run>/<scenario>/verdict.json`.

    Attributes:
        schema_version: Of this shape.
        scenario: The scenario's name.
        verdict: The verdict.
        exit_code: What a run of this scenario alone exits with.
        reasons: Sentences; empty only for PASS.
        thresholds: Every limit.
        gates: Every gate.
    """

    schema_version: int = SCHEMA_VERSION
    scenario: str
    verdict: Verdict
    exit_code: ExitCode
    reasons: tuple[str, ...]
    thresholds: tuple[ThresholdResult, ...]
    gates: tuple[GateResult, ...]


class ScenarioOutcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scenario's line in the verdict of its run.

    Attributes:
        scenario: The scenario's name.
        verdict: The verdict.
        exit_code: What a run of this scenario alone exits with.
    """

    scenario: str
    verdict: Verdict
    exit_code: ExitCode


class RunVerdict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said about a run: `<run>/verdict.json`.

    Attributes:
        schema_version: Of this shape.
        verdict: The worst of its scenarios.
        exit_code: What `inv perf` exits with.
        reasons: Those of every scenario, each led by the scenario's name.
        scenarios: In the order in which they ran.
    """

    schema_version: int = SCHEMA_VERSION
    verdict: Verdict
    exit_code: ExitCode
    reasons: tuple[str, ...]
    scenarios: tuple[ScenarioOutcome, ...]
