"""The tags that a threshold selects: `cdc_e2e_latency{table:shop.orders,operation:update}`.

The spelling is k6's, in one form only: `table` before `operation`, without spaces or quotes. So two
files that mean the same part of a metric use the same key, and one overlays the other.
"""

import re
from collections.abc import Iterable

from cdc_perf.settings.names import nearest

# The tags of every sample of an iteration, in the order of a key: the source table of the change,
# and its operation. Before them, the phase of a run with faults that a threshold is about: k6 does
# not know that one.
PHASE, FAULT = "phase", "fault"
TABLE = "table"
TAGS = (PHASE, TABLE, "operation")
EXAMPLE = "cdc_e2e_latency{table:shop.orders,operation:update}"
EXAMPLE_OF_FAULTS = "cdc_e2e_latency{phase:fault}"
# k6 splits at commas, strips spaces and quotes from both ends of a value, and looks for braces
# (ParseMetricName and Metric.AddSubmetric in metrics/metric.go), so no value with them is found.
VALUE = r"""[^\s,{}"'](?:[^,{}"']*[^\s,{}"'])?"""

Tags = tuple[tuple[str, str], ...]

_KEY = re.compile(r"(?P<metric>[^{}]*)\{(?P<tags>[^{}]*)\}")
_VALUE = re.compile(VALUE)


class SelectorError(ValueError):
    """A key with tags is wrong; the message is the end of a sentence about the key."""


def with_tags(metric: str, tags: Iterable[tuple[str, str]]) -> str:
    """Return k6's name of the part of a metric that has these tags: `m{table:t}`."""
    chosen = ",".join(f"{name}:{value}" for name, value in tags)
    return f"{metric}{{{chosen}}}" if chosen else metric


def parse_key(key: str) -> tuple[str, Tags]:
    """Return the metric and the tags of a key of thresholds.json.

    Raises:
        SelectorError: The key has tags that are malformed, unknown, or in another form.
    """
    if not set(key) & set("{}"):
        return key, ()
    match = _KEY.fullmatch(key)
    if match is None:
        raise SelectorError(f"must have its tags in one pair of braces at the end: {EXAMPLE}")
    found: dict[str, str] = {}
    for pair in match["tags"].split(","):
        name, _, value = (part.strip().strip("\"'") for part in pair.partition(":"))
        if name not in TAGS:
            raise SelectorError(f"unknown tag {name!r}; {nearest(name, TAGS)}")
        if name in found:
            raise SelectorError(f"tag {name} is set twice")
        if not _VALUE.fullmatch(value):
            raise SelectorError(f"tag {name} needs a value, without quotes or braces: {EXAMPLE}")
        if name == PHASE and value != FAULT:
            raise SelectorError(f"the only {PHASE} is {FAULT}: {EXAMPLE_OF_FAULTS}")
        found[name] = value
    tags = tuple((name, found[name]) for name in TAGS if name in found)
    metric = match["metric"].strip()
    if (form := with_tags(metric, tags)) != key:
        raise SelectorError(f"must be spelled {form}")
    return metric, tags
