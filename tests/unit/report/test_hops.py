"""Where the time goes, in words and tables."""

from dataclasses import replace

import msgspec
import pytest

from cdc_perf.report.hops import changed_hop, hop_rows, hop_sentences, hops_text
from cdc_perf.report.markdown import run_markdown
from cdc_perf.results.hops import Hops
from cdc_perf.results.summary import NoSummary
from cdc_perf.settings.hops import RECORD_HOPS
from cdc_perf.verdict.judge import judge_run
from tests.unit.measured import GOOD, LATENCY, counter, summary, trend, way
from tests.unit.recorded_runs import row

NONE = NoSummary("none")
SEEN = summary(
    {**GOOD, LATENCY: trend(540, avg=20.0), "pg_write_duration{phase:steady}": trend(540, avg=3.5)}
)


@pytest.mark.parametrize(
    ("means", "said"),
    [
        (
            (8, 1, 1, 2),
            (
                "Commit to MongoDB: 12 ms on average (540 events). "
                "Bottleneck: PostgreSQL to Debezium, 67%. Check Debezium's poll.interval.ms: "
                "Debezium pauses that long when the slot is idle."
            ),
        ),
        (
            (1, 8, 1, 2),
            (
                "Check Debezium's max.batch.size and poll.interval.ms: "
                "its queue waits that long for so many changes."
            ),
        ),
        ((1, 1, 8, 2), "Check whether the consumer fetches late, then Kafka."),
        ((1, 1, 2, 8), "Check the consumer's writes to MongoDB."),
        (
            (3, 2, 2, 2),
            (
                "Commit to MongoDB: 9 ms on average (540 events). "
                "Slowest hop: PostgreSQL to Debezium, 33%. No bottleneck."
            ),
        ),
    ],
)
def test_the_largest_part_points_at_its_component(means: tuple[float, ...], said: str) -> None:
    (sentence,) = hop_sentences(way(*means), NONE)
    assert said in sentence


def test_the_sum_of_the_hops_stands_against_what_k6_saw() -> None:
    _, sentence = hop_sentences(way(4, 5, 1, 2), SEEN)
    assert sentence == (
        "k6 measured 20 ms on average (540 changes): 3.50 write + 12 pipeline + 4.50 read."
    )


@pytest.mark.parametrize("counted_late", ["pg_write_errors", "mongo_documents_not_found"])
def test_time_outs_are_in_no_hop(counted_late: str) -> None:
    late = summary({**SEEN.metrics, counted_late: counter(45)})
    _, sentence = hop_sentences(way(4, 5, 1, 2), late)
    assert sentence == (
        "k6 measured 20 ms on average (540 changes). This cannot be compared with the pipeline: "
        "45 changes failed or timed out, and each counts with its timeout."
    )


def test_the_reader_may_see_a_change_before_the_consumer_knows_of_it() -> None:
    _, sentence = hop_sentences(way(4, 5, 1, 8), SEEN)
    assert sentence == (
        "k6 measured 20 ms on average (540 changes): 3.50 write + 18 pipeline - 1.50 overlap "
        "(k6 saw the change before the sink acknowledged its write)."
    )


@pytest.mark.parametrize(
    ("hop", "said"),
    [
        (
            "source_to_debezium",
            (
                "7 of 540 events have a negative latency from PostgreSQL to Debezium: the clock of "
                "Kafka Connect is at least 2,000 ms behind that of PostgreSQL"
            ),
        ),
        (
            "kafka_to_consumer",
            (
                "7 of 540 events have a negative latency from Kafka to consumer: the clock of "
                "the consumer is at least 2,000 ms behind that of Kafka Connect"
            ),
        ),
        (
            "consumer_to_mongodb",
            (
                "7 of 540 events have a negative latency from consumer to MongoDB, 2,000 ms on "
                "average: the clock of the consumer was set back during the run"
            ),
        ),
        (
            "total",
            (
                "7 of 540 events have a negative latency from commit to MongoDB: the clock of "
                "the consumer is at least 2,000 ms behind that of PostgreSQL"
            ),
        ),
    ],
)
def test_clocks_that_differ_are_reported_in_place_of_shares(hop: str, said: str) -> None:
    hops = way(4, 5, 1, 2, negative={hop: 7})
    assert hop_sentences(hops, SEEN) == (f"{said}.",)
    assert {each.share for each in hop_rows(hops)} == {None}
    assert changed_hop(hops, way(4, 5, 1, 2)) == ""


def test_the_way_without_the_consumer_ends_where_k6_sees_the_change() -> None:
    hops = way(1, 1, 8, sequence=RECORD_HOPS)
    assert [each.percent for each in hop_rows(hops)] == ["10%", "10%", "80%", "100%"]
    # k6's own clock ends the last hop, so there is no rest to explain.
    (sentence,) = hop_sentences(hops, SEEN)
    assert sentence == (
        "Commit to sink: 10 ms on average (540 events). Bottleneck: Kafka to sink, 80%. "
        "Check how often the sink connector polls, and its writes to the sink."
    )
    before = way(1, 1, 4, sequence=RECORD_HOPS)
    assert changed_hop(before, hops) == (
        "mean from commit to sink: +4 ms; largest change: Kafka to sink, +4 ms"
    )
    # The ways end at different places.
    assert changed_hop(way(1, 1, 4, 4), hops) == ""


def test_a_clock_that_is_behind_without_the_consumer() -> None:
    hops = way(1, 1, 1, sequence=RECORD_HOPS, negative={"kafka_to_sink": 7})
    (sentence,) = hop_sentences(hops, SEEN)
    assert sentence == (
        "7 of 540 events have a negative latency from Kafka to sink: the clock of k6 is at least "
        "2,000 ms behind that of the record timestamps."
    )


def test_the_parts_begin_where_the_one_before_ends() -> None:
    rows = hop_rows(way(4, 3, 1, 2))
    assert [each.begin for each in rows] == pytest.approx([0, 0.4, 0.7, 0.8, 0])
    assert [each.percent for each in rows] == ["40%", "30%", "10%", "20%", "100%"]


def test_too_few_events_have_no_percentile() -> None:
    assert hop_rows(way(1, 1, 1, 1, events=59))[0].percentiles[1:] == ("-", "-")
    assert hop_rows(way(1, 1, 1, 1, events=299))[0].percentiles[2] == "-"
    assert "-" not in hop_rows(way(1, 1, 1, 1, events=300))[0].percentiles


def test_the_terminal_has_a_bar_for_each_hop() -> None:
    text = hops_text({"baseline": replace(row("baseline"), hops=way(4, 3, 1, 2))})
    cells = [line.split("  ") for line in text.splitlines()]
    assert any("########" in line for line in cells)
    assert "baseline: Commit to MongoDB: 10 ms on average (540 events). Bottleneck: " in text
    assert hops_text({"baseline": row("baseline")}) == ""


def test_what_is_missing_is_reported_where_there_is_something() -> None:
    hops = msgspec.structs.replace(way(4, 3, 1, 2), missing="the consumer was `away`\x1b[31m")
    found = replace(row("baseline"), hops=hops)
    assert "baseline: the consumer was `away` [31m" in hops_text({"baseline": found})
    text = run_markdown(judge_run([found.verdict]), [found])
    assert "- baseline: `the consumer was 'away' [31m`" in text


def test_markdown_has_the_hops_of_a_pipeline_without_the_consumer() -> None:
    found = replace(row("baseline"), hops=way(4, 3, 1, sequence=RECORD_HOPS))
    text = run_markdown(judge_run([found.verdict]), [found])
    header, _, line = text[text.index("| latency by hop") :].splitlines()[:3]
    assert [cell.strip() for cell in header.strip("|").split("|")][2:] == [
        *("PostgreSQL to Debezium", "Debezium to Kafka", "Kafka to sink", "commit to sink")
    ]
    assert "1 (12%)" in line
    assert "- baseline: Commit to sink: 8 ms" in text


def test_markdown_has_a_line_for_each_scenario() -> None:
    found = replace(row("baseline"), hops=way(4, 3, 1, 2))
    text = run_markdown(judge_run([found.verdict]), [found])
    (line,) = [line for line in text.splitlines() if line.startswith("| baseline") and "(" in line]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:2] == ["baseline", "540"]
    assert cells[2].startswith("4 (40%) 4.00 / 4.00 / 4.00") or cells[2].startswith("4 (40%) ")
    assert "latency by hop" not in run_markdown(judge_run([found.verdict]), [row("baseline")])


@pytest.mark.parametrize("hops", [None, way(0, 0, 0, 0)], ids=["nobody looked", "nothing"])
def test_nothing_is_reported_of_nothing(hops: Hops | None) -> None:
    assert hop_rows(hops) == ()
    assert hop_sentences(hops, SEEN) == ()


def test_hops_are_shown_if_the_whole_way_was_not_measured() -> None:
    known = way(2, 4, 9, sequence=RECORD_HOPS)
    partial = msgspec.structs.replace(known, hops=known.hops[:2], missing="k6 saw no change")
    assert [(x.hop.name, x.mean, x.percent) for x in hop_rows(partial)] == [
        ("source_to_debezium", "2", "-"),
        ("debezium_to_kafka", "4", "-"),
    ]
    assert hop_sentences(partial, NONE) == ()
    one = replace(row("observe"), hops=partial)
    text = hops_text({"observe": one})
    assert "PostgreSQL to Debezium" in text
    assert "observe: k6 saw no change" in text
    markdown = run_markdown(judge_run([one.verdict]), [one])
    assert "| PostgreSQL to Debezium |" in " ".join(markdown.split())
    assert "k6 saw no change" in markdown
    negative = way(2, 4, 9, sequence=RECORD_HOPS, negative={"source_to_debezium": 3})
    (sentence,) = hop_sentences(msgspec.structs.replace(negative, hops=negative.hops[:2]), NONE)
    assert "Kafka Connect" in sentence
    # The hops that both sequences have are those of the records if their clocks are said.
    (_, row_of_records) = hop_rows(msgspec.structs.replace(partial, note="by the broker's clock"))
    assert row_of_records.hop == RECORD_HOPS.hops[1]
    # Two runs without the whole way have no hop that changed most.
    assert changed_hop(partial, partial) == ""
