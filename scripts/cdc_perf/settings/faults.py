"""Faults that a run injects into the pipeline: faults.json, and the option `--fault`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import msgspec

from cdc_perf.errors import UsageFailure
from cdc_perf.settings.durations import format_duration, parse_duration
from cdc_perf.settings.files import typed
from cdc_perf.settings.names import nearest
from cdc_perf.settings.overlay import layered
from cdc_perf.settings.paths import Checkout

Text = Annotated[str, msgspec.Meta(min_length=1)]
Rows = Annotated[int, msgspec.Meta(ge=1, le=5_000_000)]
NAME = r"\A[a-z0-9-]+(?::[a-z0-9-]+)?\Z"
_EXAMPLE = "kill:connect@30s"


class _Action(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="action"
):
    """What a fault does.

    Attributes:
        description: What it does, in one line.
    """

    description: Text


class _Lasting(_Action, frozen=True, kw_only=True):
    """A fault that lasts until the harness ends it.

    Attributes:
        duration: How long, such as `8s`.
    """

    duration: Text

    def __post_init__(self) -> None:
        """Reject what is no duration."""
        try:
            parse_duration(self.duration, where="duration")
        except UsageFailure as failure:
            raise ValueError(failure.message) from None

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return parse_duration(self.duration, where="duration")


class Kill(_Action, frozen=True, kw_only=True, tag="kill"):
    """Every process of a component gets SIGKILL; its supervisor starts it again."""

    component: Text


class Restart(_Action, frozen=True, kw_only=True, tag="restart"):
    """A component is stopped in order, and started at once."""

    component: Text


class Stop(_Lasting, frozen=True, kw_only=True, tag="stop"):
    """A component is stopped in order, and started after a time."""

    component: Text


class Freeze(_Lasting, frozen=True, kw_only=True, tag="freeze"):
    """Every process of a component is stopped with SIGSTOP, and continued after a time."""

    component: Text


class Slow(_Lasting, frozen=True, kw_only=True, tag="slow"):
    """A component runs for a part of the time only: SIGSTOP and SIGCONT in turn."""

    component: Text


class FillDisk(_Lasting, frozen=True, kw_only=True, tag="fill-disk"):
    """No process of a component can write to a file for a time."""

    component: Text


class _OfLink(_Lasting, frozen=True, kw_only=True):
    """A fault of the connections between two components, in both directions.

    Attributes:
        link: The link, such as `connect-kafka`.
    """

    link: Text


class Partition(_OfLink, frozen=True, kw_only=True, tag="partition"):
    """Nothing passes a link for a time; what was sent meanwhile arrives afterwards."""


class Delay(_OfLink, frozen=True, kw_only=True, tag="latency"):
    """Whatever passes a link takes longer for a time.

    Attributes:
        milliseconds: How much longer, in each direction.
    """

    milliseconds: Annotated[int, msgspec.Meta(ge=1, le=60_000)]


class LimitBandwidth(_OfLink, frozen=True, kw_only=True, tag="bandwidth"):
    """Each connection of a link is slower for a time.

    Attributes:
        kilobytes_per_second: How many units of 1,000 bytes pass in a second, in each direction.
    """

    kilobytes_per_second: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Reset(_OfLink, frozen=True, kw_only=True, tag="reset"):
    """Each connection of a link ends as soon as something is sent, for a time."""


class TerminateWalSender(_Action, frozen=True, kw_only=True, tag="terminate-walsender"):
    """PostgreSQL ends the process that sends the slot's changes (pg_terminate_backend)."""


class OpenTransaction(_Lasting, frozen=True, kw_only=True, tag="open-transaction"):
    """A transaction that has written stays open: the slot must retain the log since then."""


class LargeTransaction(_Action, frozen=True, kw_only=True, tag="large-transaction"):
    """One transaction inserts and deletes rows of the canary's own table.

    Attributes:
        rows: The number of rows; each is two events.
    """

    rows: Rows


class AddColumn(_Lasting, frozen=True, kw_only=True, tag="add-column"):
    """A column is added to the first table of the pipeline, and dropped after a time."""


class DropSlot(_Lasting, frozen=True, kw_only=True, tag="drop-slot"):
    """The replication slot is dropped, and the connector's task fails.

    After a time, its offsets are reset: what was written meanwhile is lost.
    """


class PauseConnector(_Lasting, frozen=True, kw_only=True, tag="pause-connector"):
    """The connector is paused, and resumed after a time."""


class PoisonRecord(_Lasting, frozen=True, kw_only=True, tag="poison-record"):
    """A row that is larger than the connector may send makes its task fail.

    The task does not recover by itself: after a time, the row is deleted, the slot is advanced
    behind it, and the connector is restarted.
    """


class TakeSnapshot(_Action, frozen=True, kw_only=True, tag="incremental-snapshot"):
    """The connector reads the first table again, while it streams the changes."""


OfComponent = Kill | Restart | Stop | Freeze | Slow | FillDisk
OfLink = Partition | Delay | LimitBandwidth | Reset
Action = (
    OfComponent
    | OfLink
    | TerminateWalSender
    | OpenTransaction
    | LargeTransaction
    | AddColumn
    | DropSlot
    | PauseConnector
    | PoisonRecord
    | TakeSnapshot
)


@dataclass(frozen=True)
class Fault:
    """A fault by its name, such as `kill:connect`."""

    name: str
    action: Action


@dataclass(frozen=True)
class PlannedFault:
    """A fault and its time.

    Attributes:
        fault: The fault.
        at_seconds: Seconds after the load began; None: after the recovery from the one before.
    """

    fault: Fault
    at_seconds: float | None = None

    def __str__(self) -> str:
        """Return it as it is typed."""
        at = "" if self.at_seconds is None else f"@{format_duration(self.at_seconds)}"
        return f"{self.fault.name}{at}"


def load_faults(checkout: Checkout) -> Mapping[str, Fault]:
    """Return the faults of faults.json by name, with the pipeline's own laid over them.

    Raises:
        UsageFailure: A file is missing or wrong.
    """
    found = layered(checkout.faults_file, checkout.own_faults_file)
    names = typed(
        list(found.content),
        list[Annotated[str, msgspec.Meta(pattern=NAME, max_length=60)]],
        file=found.name,
    )
    return {
        name: Fault(name, typed(found.content[name], Action, file=found.name, place=name))  # type: ignore[arg-type]
        for name in names
    }


def named_faults(
    names: Iterable[str], known: Mapping[str, Fault], *, where: str
) -> tuple[PlannedFault, ...]:
    """Return the faults of a scenario's list, one after the other.

    Args:
        names: Their names.
        known: Every fault by name.
        where: The file and place, for the error message.

    Raises:
        UsageFailure: A fault is unknown.
    """
    return tuple(PlannedFault(_known(name, known, where)) for name in names)


def typed_faults(options: Iterable[str], known: Mapping[str, Fault]) -> tuple[PlannedFault, ...]:
    """Return the faults of the option `--fault`, in the order of their times.

    Args:
        options: The values, such as `kill:connect@30s`.
        known: Every fault by name.

    Raises:
        UsageFailure: A fault is unknown, has no time, or begins before an earlier one has ended.
    """
    planned = []
    for option in options:
        name, separator, at = option.partition("@")
        if not separator:
            raise UsageFailure(f"--fault: {option!r} has no time; use a form such as {_EXAMPLE}")
        fault = _known(name, known, "--fault")
        planned.append(PlannedFault(fault, parse_duration(at, where=f"--fault {name}")))
    planned.sort(key=lambda each: each.at_seconds or 0.0)
    for first, second in pairwise(planned):
        if (second.at_seconds or 0.0) < (first.at_seconds or 0.0) + lasting(first.fault.action):
            raise UsageFailure(
                f"--fault: {second.fault.name} begins before {first.fault.name} has ended; "
                "give it a later time"
            )
    return tuple(planned)


def lasting(action: Action) -> float:
    """Return how long the harness keeps a fault up, in seconds; 0 if it ends by itself."""
    return action.seconds if isinstance(action, _Lasting) else 0.0


def _known(name: str, known: Mapping[str, Fault], where: str) -> Fault:
    if name not in known:
        raise UsageFailure(f"{where}: unknown fault {name!r}; {nearest(name, known)}")
    return known[name]
