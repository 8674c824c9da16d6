"""Measure two versions: fresh starts side by side, until the answer is settled or time is over."""

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import msgspec

from cdc_perf.errors import Interrupted, LoadFailure, StackFailure, UsageFailure
from cdc_perf.files import readable_json, write_atomically
from cdc_perf.load.k6 import K6
from cdc_perf.lock import working_on
from cdc_perf.perf.comparison.load import SCRIPT, HopReadings, Load, SideLoad, run_load
from cdc_perf.perf.comparison.slices import read_slices
from cdc_perf.perf.comparison.stacks import both_up
from cdc_perf.perf.comparison.versions import VersionFolder
from cdc_perf.perf.comparison.warm_up import (
    FIRST_WARM_UP_SECONDS,
    leave_out_warm_up,
    next_warm_up,
)
from cdc_perf.results.comparison import Comparison, ComparisonStatus, Side, Start, Version
from cdc_perf.results.comparison_folder import ComparisonFolder
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.workload import Workload
from cdc_perf.signals import deferred
from cdc_perf.stack.connector import deployed_settings
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.hops import read_hops
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.state import LocalState
from cdc_perf.workload.plans import derive_plans

_log = logging.getLogger(__name__)
# Of slices per start. More of them cost time in which another start would tell more.
PAIRS = 3
# Of the rate of the slices: the warm-up loads both versions at the same time.
_WARM_UP_FACTOR = 2
# So many changes can wait for a slow pipeline at the same time: for two seconds without new virtual
# users, up to the timeout of ten with them.
_READY_SECONDS, _MOST_WAITING_SECONDS = 2, 12
_MOST_FAULTS = 2

Judged = Callable[[Comparison], bool]


@dataclass(frozen=True)
class Measuring:
    """What a comparison measures with.

    Attributes:
        here: The running checkout, whose k6 and scripts load both versions.
        versions: The versions, in their folders.
        pipeline: The pipeline of head.
        workload: The load of head's pipeline, which both get.
        k6: The load generator.
        folder: The folder of the comparison's files.
        is_settled: Judges what was measured so far, after each start.
    """

    here: Checkout
    versions: Mapping[Side, VersionFolder]
    pipeline: Pipeline
    workload: Workload
    k6: K6
    folder: ComparisonFolder
    is_settled: Judged


def measure(measuring: Measuring, comparison: Comparison) -> Comparison:
    """Measure start by start, and write comparison.json after each.

    A start that fails is recorded with its reason, and the next one follows; the first one must
    succeed, and two in a row must not fail.

    Args:
        measuring: What to measure with.
        comparison: The comparison without starts.

    Returns:
        The comparison with its starts: settled, complete, or interrupted.

    Raises:
        UsageFailure: BASE cannot take HEAD's load.
        StackFailure: The first start failed.
        LoadFailure: k6 failed in the first start.
    """
    began = time.monotonic()
    warm_up = FIRST_WARM_UP_SECONDS
    status = ComparisonStatus.COMPLETE
    with working_on(measuring.folder.path):
        comparison.write(measuring.folder.record)
        try:
            while _has_time(comparison, time.monotonic() - began):
                start, described = _one_start(measuring, comparison, warm_up)
                warm_up = next_warm_up(warm_up, start.slices, comparison.slice_seconds)
                comparison = msgspec.structs.replace(
                    described,
                    starts=(*comparison.starts, start),
                    seconds=time.monotonic() - began,
                )
                comparison.write(measuring.folder.record)
                if measuring.is_settled(comparison):
                    status = ComparisonStatus.SETTLED
                    break
                last = comparison.starts[-_MOST_FAULTS:]
                if len(last) == _MOST_FAULTS and all(each.fault for each in last):
                    _log.info(f"{_MOST_FAULTS} starts in a row failed: stopping")
                    break
        except Interrupted as interruption:
            _log.info(str(interruption))
            status = ComparisonStatus.INTERRUPTED
        with deferred():
            comparison = msgspec.structs.replace(
                comparison, status=status, seconds=time.monotonic() - began
            )
            comparison.write(measuring.folder.record)
    return comparison


def _has_time(comparison: Comparison, seconds: float) -> bool:
    """Return whether one more start, as long as the last one, ends in time; the first one runs."""
    if not comparison.starts:
        return True
    return seconds + comparison.starts[-1].seconds <= comparison.minutes * 60


def _one_start(
    measuring: Measuring, comparison: Comparison, warm_up: float
) -> tuple[Start, Comparison]:
    """Return a start, and the comparison whose versions are described as their stacks show."""
    number, moment, began = len(comparison.starts) + 1, datetime.now(UTC), time.monotonic()
    start = Start(
        number=number,
        began=moment,
        seconds=0,
        warm_up_seconds=warm_up,
        steady=False,
        slices=(),
    )
    try:
        with both_up(measuring.versions, measuring.folder.logs, show=number == 1) as endpoints:
            described = _described(measuring, comparison, endpoints)
            start = _measured(measuring, comparison, endpoints, start)
    except (StackFailure, LoadFailure) as failure:
        if number == 1:
            raise
        described = comparison
        start = msgspec.structs.replace(start, fault=failure.message[:1000])
        _log.info(f"start {number} failed: {failure.message}")
    return msgspec.structs.replace(start, seconds=time.monotonic() - began), described


def _measured(
    measuring: Measuring,
    comparison: Comparison,
    endpoints: Mapping[Side, Endpoints],
    start: Start,
) -> Start:
    first = random.choice(tuple(Side))  # noqa: S311 - not used for secrets
    second = Side.HEAD if first is Side.BASE else Side.BASE
    rate = round(comparison.rate)
    load = Load(
        warm_up_ms=round(start.warm_up_seconds * 1000),
        warm_up_rate=_WARM_UP_FACTOR * rate,
        rate=rate,
        slice_ms=round(comparison.slice_seconds * 1000),
        order=[x for i in range(PAIRS) for x in ((second, first) if i % 2 else (first, second))],
        ready_vus=_READY_SECONDS * rate,
        most_vus=_MOST_WAITING_SECONDS * rate,
        sides={side: _side_load(measuring, side, at) for side, at in endpoints.items()},
    )
    readings = HopReadings(
        {
            side: partial(read_hops, at.consumer_url, at.connect_ca)
            for side, at in endpoints.items()
            if at.consumer_url
        }
    )
    k6 = replace(
        measuring.k6, environment={**measuring.k6.environment, **endpoints[Side.HEAD].environment()}
    )
    points = run_load(k6, measuring.here.scripts / SCRIPT, load, measuring.folder.k6, readings)
    slices, steady = leave_out_warm_up(read_slices(points, load, readings.slices))
    points.unlink()
    fault = "" if steady else "the latencies still fell after the warm-up"
    return msgspec.structs.replace(start, slices=slices, steady=steady, fault=fault)


def _side_load(measuring: Measuring, side: Side, endpoints: Endpoints) -> SideLoad:
    """Write the plan of a version's load, HEAD's workload on this version's tables.

    Raises:
        UsageFailure: The tables do not fit it.
    """
    try:
        derived = derive_plans(
            measuring.pipeline, endpoints.postgres_dsn, {"": measuring.workload}
        )[""]
    except UsageFailure as failure:
        if side is Side.HEAD:
            raise
        raise UsageFailure(
            f"not comparable: BASE cannot take HEAD's load: {failure.message}",
            hint="compare versions whose tables can take the same load",
        ) from None
    path = measuring.folder.path / f"workload-{side}.json"
    write_atomically(path, readable_json(derived.plan))
    return SideLoad(endpoints=endpoints.environment(), plan=str(path))


def _described(
    measuring: Measuring, comparison: Comparison, endpoints: Mapping[Side, Endpoints]
) -> Comparison:
    """Return the comparison with what runs in both stacks, if it is not known yet."""
    if comparison.base.components:
        return comparison
    found = {
        side: _version(measuring.versions[side], measuring.pipeline, at)
        for side, at in endpoints.items()
    }
    return msgspec.structs.replace(comparison, base=found[Side.BASE], head=found[Side.HEAD])


def _version(version: VersionFolder, pipeline: Pipeline, endpoints: Endpoints) -> Version:
    state = LocalState.read(Layout(version.checkout.stack).state)
    return msgspec.structs.replace(
        version.described(),
        components=state.versions if state is not None else {},
        settings=deployed_settings(pipeline, endpoints),
    )
