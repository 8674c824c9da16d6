"""A sample, as Prometheus has them."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# The NaN by which Prometheus knows that a series has ended.
STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]


@dataclass(frozen=True)
class Sample:
    """One value of one series.

    Attributes:
        name: The metric's name.
        labels: The other labels.
        value: In the unit that the name ends in; `STALE` ends the series.
        at: When it was so.
    """

    name: str
    labels: Mapping[str, str]
    value: float
    at: datetime
