"""The JSON Schema of thresholds.json for editors; `threshold_file` is authoritative."""

import re
from collections.abc import Iterable, Mapping

from cdc_perf.settings.expressions import STATS
from cdc_perf.settings.metrics import Better, MetricKind, MetricType, Phase
from cdc_perf.settings.recovery import KINDS, LOST, RECOVERY
from cdc_perf.settings.scenarios import HEALTH_CHECK, OBSERVE
from cdc_perf.settings.tag_selector import FAULT, PHASE, TAGS, VALUE
from cdc_perf.settings.threshold_file import ENVIRONMENTS, SCHEMA, SUCCESS_RATE
from cdc_perf.settings.thresholds import DEFAULT

Schema = dict[str, object]

_LIMITS = "#/$defs/limits"
# At least one of the tags, in their order.
_TABLE, _OPERATION = (f"{name}:{VALUE}" for name in TAGS if name != PHASE)
_OF_CHANGE = f"(?:{_TABLE}(?:,{_OPERATION})?|{_OPERATION})"
_SELECTOR = f"(?:{PHASE}:{FAULT}(?:,{_OF_CHANGE})?|{_OF_CHANGE})"
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_BETWEEN_0_AND_1 = r"0+\.0*[1-9][0-9]*"
_DIRECTIONS = {Better.LOWER: "at most", Better.HIGHER: "at least"}
_PHASES = {Phase.STEADY: "after the warm-up", Phase.ALL: "including the warm-up"}


def threshold_schema(scenarios: Iterable[str], metrics: Mapping[str, MetricKind]) -> Schema:
    """Return the schema. Every file that `load_thresholds` accepts is valid.

    The schema allows errors that it cannot express: a repeated key, a number that overflows.

    Args:
        scenarios: The names of all scenarios that k6 runs.
        metrics: All metrics, by name.
    """
    limits = {"$ref": _LIMITS}
    judged = [*(name for name in scenarios if name != HEALTH_CHECK), OBSERVE]
    layer = {
        DEFAULT: {"description": "Thresholds of every scenario.", **limits},
        **dict.fromkeys(judged, limits),
    }
    metric, stat = SUCCESS_RATE
    default = {
        "description": "Thresholds of every scenario; a success rate is required.",
        **limits,
        "required": [metric],
        "properties": {metric: {"required": [stat]}},
    }
    environments: Schema = {
        "description": "Thresholds that --env NAME lays over the others.",
        "type": "object",
        "additionalProperties": _table(layer),
    }
    every = {
        SCHEMA: {"type": "string"},
        **layer,
        DEFAULT: default,
        RECOVERY: _recovery(),
        ENVIRONMENTS: environments,
    }
    return {
        **_table(every),
        "required": [DEFAULT],
        "$defs": {
            "limits": {
                **_table({name: _metric(kind) for name, kind in metrics.items()}),
                "patternProperties": {
                    rf"^{name}\{{{_SELECTOR}\}}$": {"$ref": f"{_LIMITS}/properties/{name}"}
                    for name, kind in metrics.items()
                    if kind.tagged
                },
            }
        },
    }


def _recovery() -> Schema:
    """Return the schema of the thresholds on recoveries; the names of faults are not in it."""
    measures = {
        name: {"description": f"At most, in {kind.unit}.", "type": "number", "minimum": 0}
        for name, kind in KINDS.items()
    }
    limits = _table(measures)
    by_name: Schema = {"type": "object", "additionalProperties": limits}
    return {
        "description": "Thresholds on the recovery from faults; later sections replace earlier.",
        **_table(
            {
                DEFAULT: {"description": "Of every fault.", **limits, "required": [LOST]},
                "stacks": {
                    "description": "Of a fault on one stack.",
                    "type": "object",
                    "additionalProperties": by_name,
                },
                "scenarios": {"description": "Of every fault of a scenario.", **by_name},
                "faults": {"description": "Of a fault everywhere.", **by_name},
            }
        ),
        "required": [DEFAULT],
    }


def _table(properties: Mapping[str, object]) -> Schema:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _metric(kind: MetricKind) -> Schema:
    unit = f" in {kind.unit}" if kind.unit else ""
    about = f"A {kind.type}{unit}, {_PHASES[kind.phase]}; {kind.better} is better."
    stats = {stat: _limit(kind, stat) for stat in STATS[kind.type]}
    return {"description": about, **_table(stats)}


def _limit(kind: MetricKind, stat: str) -> Schema:
    """Return the schema of a threshold: a number, or a k6 expression on the same stat."""
    bounds, number = {}, _NUMBER
    if kind.type is MetricType.RATE:
        bounds, number = {"exclusiveMinimum": 0, "exclusiveMaximum": 1}, _BETWEEN_0_AND_1
    # A success rate needs a lower threshold.
    comparison = ">=?" if (kind.name, stat) == SUCCESS_RATE else "[<>]=?"
    spellings = [stat, f"p({stat[1:]})"] if stat.startswith("p") else [stat]
    stats = "|".join(map(re.escape, spellings))
    example = f"'{stat}<0.5'"
    return {
        "description": f"A number ({_DIRECTIONS[kind.better]}), or an expression: {example}.",
        "anyOf": [
            {"type": "number", **bounds},
            {"type": "string", "pattern": rf"^ *(?:{stats}) *{comparison} *{number} *$"},
        ],
    }
