"""The two sequences of hops: the consumer's, and that of the topics' records."""

import pytest

from cdc_perf.settings.hops import CONSUMER_HOPS, RECORD_HOPS, HopSequence, hop_of, sequence_of
from cdc_perf.settings.metrics import Source, load_metrics
from cdc_perf.settings.paths import Checkout


def names(sequence: HopSequence) -> list[str]:
    return [hop.name for hop in sequence.all]


def test_a_pipeline_without_the_consumer_has_three_hops_to_its_sink() -> None:
    assert names(RECORD_HOPS) == [
        "source_to_debezium",
        "debezium_to_kafka",
        "kafka_to_sink",
        "total",
    ]


@pytest.mark.parametrize("sequence", [CONSUMER_HOPS, RECORD_HOPS])
def test_each_hop_begins_by_the_clock_that_the_one_before_ends_by(sequence: HopSequence) -> None:
    first, *others = sequence.hops
    last = first
    for hop in others:
        assert hop.sender == last.receiver
        last = hop
    assert (sequence.total.sender, sequence.total.receiver) == (first.sender, last.receiver)


@pytest.mark.parametrize("sequence", [CONSUMER_HOPS, RECORD_HOPS])
def test_measured_hops_tell_their_sequence(sequence: HopSequence) -> None:
    assert sequence_of(names(sequence)) is sequence
    assert sequence_of(names(sequence)[2:]) is sequence


def test_hops_that_both_have_are_the_consumer_s() -> None:
    assert sequence_of(names(RECORD_HOPS)[:2]) is CONSUMER_HOPS
    assert sequence_of([]) is CONSUMER_HOPS
    assert sequence_of(names(RECORD_HOPS)[:2], "by the broker's clock") is RECORD_HOPS


def test_a_metric_measures_the_hop_of_the_pipeline_s_sequence() -> None:
    metrics = load_metrics(Checkout.here())
    total, sink = metrics["hop_total"], metrics["hop_kafka_to_sink"]
    assert hop_of(total) is CONSUMER_HOPS.total
    assert hop_of(total, RECORD_HOPS) is RECORD_HOPS.total
    # What the pipeline has no such hop of has no value, but is known.
    assert hop_of(sink) is hop_of(sink, RECORD_HOPS) is RECORD_HOPS.hops[-1]
    with pytest.raises(KeyError):
        hop_of(metrics["consumer_lag"])


def test_every_hop_can_have_a_threshold() -> None:
    metrics = load_metrics(Checkout.here()).values()
    known = {kind.name for kind in metrics if kind.source is Source.HOPS}
    assert known == {hop.metric for hop in (*CONSUMER_HOPS.all, *RECORD_HOPS.all)}
