"""How each fault is injected, and which components it orders to end."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from types import MappingProxyType

from cdc_perf.faults import connector, links, processes, snapshot, source
from cdc_perf.faults.context import FaultContext, Inject
from cdc_perf.settings.faults import (
    Action,
    AddColumn,
    DropSlot,
    FillDisk,
    Freeze,
    Kill,
    LargeTransaction,
    OfComponent,
    OfLink,
    OpenTransaction,
    PauseConnector,
    PoisonRecord,
    Restart,
    Slow,
    Stop,
    TakeSnapshot,
    TerminateWalSender,
)

_OF_COMPONENT: Mapping[type, Callable[[FaultContext, str], AbstractContextManager[str]]] = (
    MappingProxyType(
        {
            Kill: processes.killed,
            Restart: processes.stopped,
            Stop: processes.stopped,
            Freeze: processes.frozen,
            Slow: processes.slowed,
            FillDisk: processes.disk_filled,
        }
    )
)
_OTHERS: Mapping[type, Inject] = MappingProxyType(
    {
        TerminateWalSender: source.walsender_terminated,
        DropSlot: source.slot_dropped,
        OpenTransaction: source.transaction_open,
        AddColumn: source.column_added,
        PauseConnector: connector.paused,
        PoisonRecord: connector.poisoned,
        TakeSnapshot: snapshot.incremental,
    }
)


def injector_of(action: Action) -> Inject:
    """Return what injects a fault."""
    if isinstance(action, OfComponent):
        inject, component = _OF_COMPONENT[type(action)], action.component
        return lambda context: inject(context, component)
    if isinstance(action, OfLink):
        return partial(links.impaired, action=action)
    if isinstance(action, LargeTransaction):
        return partial(source.large_transaction, rows=action.rows)
    return _OTHERS[type(action)]


def component_of(action: Action) -> str:
    """Return the component whose processes a fault hits; empty if it hits none."""
    return action.component if isinstance(action, OfComponent) else ""


def link_of(action: Action) -> str:
    """Return the link that a fault hits; empty if it hits none."""
    return action.link if isinstance(action, OfLink) else ""


def needs_own_canary(action: Action) -> bool:
    """Return whether a fault writes rows into the canary's own table."""
    return isinstance(action, LargeTransaction | PoisonRecord)


def needs_apis_only(action: Action) -> bool:
    """Return whether a fault needs only what any client of the pipeline can ask for, and undo."""
    return isinstance(action, TerminateWalSender | OpenTransaction | PauseConnector | OfLink)


def ordered_ends(action: Action) -> tuple[str, ...]:
    """Return the components that a fault orders to end."""
    return (action.component,) if isinstance(action, Kill | Stop | Restart | FillDisk) else ()
