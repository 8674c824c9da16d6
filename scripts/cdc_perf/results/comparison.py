"""comparison.json: what a comparison of two versions measured, start by start and slice by slice.

The judgment is not in it: `verdict/comparison.py` makes it from this file, also from one that an
untrusted machine wrote.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from cdc_perf.files import readable_json, write_atomically
from cdc_perf.results.manifest import Machine, Versions

SCHEMA_VERSION = 1
_MOST = 1e15
_Count = Annotated[int, msgspec.Meta(ge=0, le=int(_MOST))]
_Time = Annotated[float, msgspec.Meta(ge=0, le=_MOST)]
_Positive = Annotated[float, msgspec.Meta(gt=0, le=_MOST)]
# From 2^-62 to 2^62 ms (stats/buckets.py).
_Bucket = Annotated[int, msgspec.Meta(ge=-2000, le=2000)]
# Text that people typed, or that names a version; a renderer escapes it.
_Text = Annotated[str, msgspec.Meta(max_length=1000)]


class Side(StrEnum):
    """The version that a slice loads."""

    BASE = "base"
    HEAD = "head"


class ComparisonStatus(StrEnum):
    """How a comparison ended; RUNNING without a writer means that it was killed.

    SETTLED: every figure that the answer depends on had its answer before the time was over.
    COMPLETE: the time is over. INTERRUPTED: a signal ended it.
    """

    RUNNING = "running"
    SETTLED = "settled"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"


class HopTime(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The time of one hop in a slice.

    Attributes:
        mean: Milliseconds.
        events: The number of events.
    """

    mean: _Time
    events: _Count


class Slice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A few seconds in which one version has the load and the other is idle.

    Attributes:
        side: The version under load.
        began: Seconds since the load of the start began.
        samples: The number of changes, including those that failed; a failed one counts as its
            timeout.
        failed: The number of changes that failed.
        p50: Of the end-to-end latency, in milliseconds; null without enough samples.
        p95: As p50.
        write_p50: Of the write to PostgreSQL, in milliseconds.
        hops: The time per hop, by its name, and for `total`; empty if the consumer did not answer.
        latencies: The distribution: the number of samples in each bucket (stats/buckets.py).
        invalid: Why the slice cannot be trusted; empty if it can.
    """

    side: Side
    began: _Time
    samples: _Count
    failed: _Count
    p50: _Positive | None
    p95: _Positive | None
    write_p50: _Positive | None
    hops: Mapping[str, HopTime] = {}
    latencies: Mapping[_Bucket, _Count] = {}
    invalid: _Text = ""


class Start(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One start of both versions, side by side.

    Attributes:
        number: Its number, from 1.
        began: When the two stacks began to start.
        seconds: From then until both were stopped.
        warm_up_seconds: How long the load warmed both up before the first slice.
        steady: Whether the latencies were steady by then.
        slices: The slices, in the order of time.
        fault: Why there is nothing, or no more, to judge; empty otherwise.
    """

    number: _Count
    began: datetime
    seconds: _Time
    warm_up_seconds: _Time
    steady: bool
    slices: tuple[Slice, ...]
    fault: _Text = ""


class Version(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the two versions.

    Attributes:
        name: As typed: a commit's name, or a folder.
        commit: The commit; empty outside of git.
        changed: Whether the folder differed from the commit.
        components: The version of each component of its stack.
        settings: Settings of its connector by name, without addresses and secrets.
    """

    name: _Text
    commit: _Text
    changed: bool = False
    components: Mapping[str, _Text] = {}
    settings: Mapping[str, _Text] = {}

    @property
    def short(self) -> str:
        """The version as text: the typed name, and the first characters of the commit."""
        commit = self.commit[:12] + ("+changes" if self.changed else "")
        return f"{self.name} ({commit})" if commit and commit != self.name else self.name


class Comparison(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of comparison.json.

    Attributes:
        schema_version: The version of this shape.
        comparison_id: The folder's name.
        status: How it ended.
        began: When it began, UTC.
        seconds: How long it took until now.
        base: The version to compare with.
        head: The version that is judged.
        harness: The versions of the harness and of k6, which loaded both.
        machine: Hardware and system.
        pipeline: The folder of the pipeline, relative to the checkout.
        workload: The file of the workload and its seed, as text.
        rate: Changes per second.
        slice_seconds: The length of a slice.
        minutes: The time limit.
        effect: The smallest change that matters, as a share (0.05: 5%).
        starts: The starts, in the order of time.
    """

    schema_version: int = SCHEMA_VERSION
    comparison_id: _Text
    status: ComparisonStatus
    began: datetime
    seconds: _Time
    base: Version
    head: Version
    harness: Versions
    machine: Machine
    pipeline: _Text
    workload: _Text
    rate: _Positive
    slice_seconds: _Positive
    minutes: _Positive
    effect: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    starts: tuple[Start, ...] = ()

    def write(self, path: Path) -> None:
        """Write comparison.json atomically."""
        write_atomically(path, readable_json(self))

    @property
    def changed_settings(self) -> Mapping[str, tuple[str, str]]:
        """What differs between the two versions, by name: component versions and settings."""
        before = {**self.base.components, **self.base.settings}
        now = {**self.head.components, **self.head.settings}
        return {
            name: (before.get(name, ""), now.get(name, ""))
            for name in sorted(before.keys() | now.keys())
            if before.get(name, "") != now.get(name, "")
        }
