"""A Prometheus sample."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# The NaN that marks the end of a series in Prometheus.
STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


@dataclass(frozen=True)
class Sample:
    """One value of one series.

    Attributes:
        name: The metric's name.
        labels: The other labels.
        value: The value, in the unit at the end of the name; `STALE` ends the series.
        at: The time of the value.
    """

    name: str
    labels: Mapping[str, str]
    value: float
    at: datetime
