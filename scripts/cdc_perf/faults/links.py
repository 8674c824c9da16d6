"""Faults of the network between two components, through Toxiproxy."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from cdc_perf.errors import StackFailure
from cdc_perf.faults.context import FaultContext
from cdc_perf.faults.link_request import Outcome, send
from cdc_perf.settings.faults import Delay, LimitBandwidth, OfLink, Partition
from cdc_perf.stack.links import LINKS
from cdc_perf.stack.toxiproxy import Toxiproxy

# A request has this many bytes of padding, so that a limited bandwidth delays it.
_PADDING = 8_000
# A link that works answers well within this time.
_PARTITION_SECONDS = 1.0
_MOST_SECONDS = 10.0
# A partition lasts until it ends, so its packets are held for longer than any.
_HELD_MILLISECONDS = 3_600_000
# Timers are coarse.
_SHARE = 0.8


@dataclass(frozen=True)
class _Toxic:
    """How Toxiproxy makes a fault, and how a request over the link shows it.

    https://github.com/Shopify/toxiproxy#toxics

    Attributes:
        type: The type of Toxiproxy's.
        attributes: Its attributes.
        seconds: How long to wait for the answer to the request.
        shows: Whether the fault is what became of the request.
    """

    type: str
    attributes: Mapping[str, int]
    seconds: float
    shows: Callable[[Outcome], bool]


def _toxic_of(action: OfLink) -> _Toxic:
    if isinstance(action, Partition):
        # `timeout` would drop what was sent. TCP sends it again after a partition, which holding
        # it amounts to.
        held = {"latency": _HELD_MILLISECONDS}
        return _Toxic("latency", held, _PARTITION_SECONDS, lambda x: x.ended == "unanswered")
    if isinstance(action, Delay):
        # A request and its answer are two directions.
        least = 2 * action.milliseconds / 1000 * _SHARE
        attributes = {"latency": action.milliseconds}
        return _Toxic("latency", attributes, _MOST_SECONDS + least, lambda x: _took(x, least))
    if isinstance(action, LimitBandwidth):
        rate = action.kilobytes_per_second
        least = _PADDING / (1000 * rate) * _SHARE
        return _Toxic("bandwidth", {"rate": rate}, _MOST_SECONDS + least, lambda x: _took(x, least))
    return _Toxic("reset_peer", {"timeout": 0}, _MOST_SECONDS, lambda x: x.ended == "reset")


def _took(outcome: Outcome, least_seconds: float) -> bool:
    return outcome.ended == "answered" and outcome.seconds >= least_seconds


@contextmanager
def impaired(context: FaultContext, action: OfLink) -> Iterator[str]:
    """Impair a link for the time of the block.

    A request of the harness's own, over the same proxy, proves it: it needs no answer from a client
    that the fault may have stopped.

    Raises:
        StackFailure: The link has no proxy, or the request was answered as before.
    """
    link = next(x for x in LINKS if x.name == action.link)
    toxiproxy = Toxiproxy(context.endpoints.toxiproxy_url)
    proxy = toxiproxy.proxies().get(link.name)
    if proxy is None:
        raise StackFailure(f"Toxiproxy has no proxy with the name {link.name}")
    toxic = _toxic_of(action)
    before = send(link.server, proxy.listen, _PADDING, _MOST_SECONDS)
    if before.ended != "answered":
        raise StackFailure(f"a request over {link.name} was {before} before the fault")
    try:
        toxiproxy.add(link.name, toxic.type, toxic.attributes)
        during = send(link.server, proxy.listen, _PADDING, toxic.seconds)
        if not toxic.shows(during):
            raise StackFailure(f"a request over {link.name} was {during}, as before the fault")
        yield f"a request of {_PADDING:,} bytes over {link.name} was {before} before, then {during}"
    finally:
        toxiproxy.clear(link.name)
