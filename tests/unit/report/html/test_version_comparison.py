"""The report of two versions: what it shows, where, and what nothing can break."""

import json
import re
import struct
from base64 import b64decode, b64encode
from hashlib import sha256
from math import isnan
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdc_perf.report.html.version_comparison import comparison_html
from cdc_perf.results.comparison import Comparison, HopTime, Side, Version
from cdc_perf.verdict.comparison import judge_comparison
from cdc_perf.verdict.comparison_figures import E2E_P50
from tests.unit.any_json import VALUES, changed, places
from tests.unit.compared_versions import (
    WARM_UP_SECONDS,
    compared,
    with_slice,
    with_start,
)
from tests.unit.report.html.parsed import HOSTILE, Parsed, parsed

SLOWER_MS = 1.0
HOP = HopTime(mean=1.0, events=1)


def html(comparison: Comparison) -> str:
    return comparison_html(comparison, judge_comparison(comparison))


def shown(comparison: Comparison) -> Parsed:
    return parsed(html(comparison))


def charts(page: Parsed) -> dict[str, Any]:
    """Return the input of the page's script, by chart."""
    data = [content for _, content in page.raw if content.startswith("{")]
    assert len(data) == 1
    found: dict[str, Any] = json.loads(data[0])["versions"]["charts"]
    return found


def comparison_chart(comparison: Comparison, name: str) -> Any:  # noqa: ANN401 - JSON
    return charts(shown(comparison))[name]


def unpacked(text: str) -> list[Any]:
    content = b64decode(text)
    values = struct.unpack(f"<{len(content) // 4}f", content)
    return [None if isnan(value) else value for value in values]


@pytest.fixture(scope="module")
def worse() -> Comparison:
    return compared(SLOWER_MS)


@pytest.fixture(scope="module")
def page(worse: Comparison) -> Parsed:
    return shown(worse)


def test_the_answer_comes_first_and_then_what_it_rests_on(page: Parsed) -> None:
    order = [
        "WORSE: p50 +1",
        "Base: main (bbbbbbbbbbbb). Head: HEAD (cccccccccccc).",
        "moved: Debezium to Kafka mean +2",
        "The time is over: 12 starts with 96 slices, 11.6 of 12 minutes",
        "Figures",
        "p50 worse",
        "failed changes",
        "Latency distributions",
        "Share of slower samples, both versions",
        "Difference at each percentile",
        "relative to base",
        "Slices over time",
        "p50 of each slice",
        "p95 of each slice",
        "Starts",
        "all 48",
        "Hops",
        "Debezium to Kafka worse",
        "commit to MongoDB",
        "Settings and versions that differ",
        "version main (bbbbbbbbbbbb) HEAD (cccccccccccc)",
        "poll.interval.ms 5 6",
        "Left out and missing",
        "How to rerun",
        "Environment",
    ]
    end = 0
    for part in order:
        assert part in page.text[end:], part
        end = page.text.index(part, end)
    assert "max.batch.size" not in page.text


def test_nothing_is_fetched_and_nothing_else_may_run(page: Parsed) -> None:
    assert (page.fetched, page.handlers) == ([], [])
    for element, content in page.raw:
        digest = b64encode(sha256(content.encode()).digest()).decode()
        allowed = f"{element}-src" in page.policy and digest in page.policy
        assert allowed != content.startswith("{")
    assert page.policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in page.policy


def test_every_link_leads_somewhere_and_every_name_is_one_place_s(page: Parsed) -> None:
    assert len(set(page.ids)) == len(page.ids)
    assert set(page.links) <= set(page.ids)
    assert len(page.links) >= 10


def test_every_chart_has_a_table_and_says_what_it_shows(page: Parsed) -> None:
    names = ["distribution", "slower", "shift", "shift-percent", "slices-p50", "slices-p95"]
    assert list(charts(page)) == names
    assert page.tags.count("figure") == len(names)
    assert sum(x.endswith("The table below has the figures.") for x in page.labels) == len(names)


@pytest.mark.parametrize(
    ("added_ms", "word", "tone"),
    [(0.0, "SAME", "pass"), (2.0, "WORSE", "fail"), (-2.0, "BETTER", "pass")],
)
def test_an_answer_has_its_word_and_color(added_ms: float, word: str, tone: str) -> None:
    text = html(compared(added_ms))
    assert f'<header class="verdict tone-{tone}">' in text
    assert f'<span class="word">{word}:</span>' in text


def test_few_starts_are_inconclusive_and_have_no_band() -> None:
    text = html(compared(SLOWER_MS, starts=1))
    assert '<header class="verdict tone-no-data">' in text
    assert "A single start has no band." in text


@pytest.mark.parametrize("starts", [0, 2])
def test_without_a_valid_slice_there_is_a_page_that_says_so(starts: int) -> None:
    comparison = compared(starts=starts)
    for number in range(starts):
        comparison = with_start(comparison, number, fault="Kafka did not start")
    text = html(comparison)
    assert '<header class="verdict tone-invalid">' in text
    found = parsed(text)
    assert "Difference at each percentile: no start has enough valid samples" in found.text
    assert found.text.count("Kafka did not start") == 2 * starts


def test_a_bar_is_where_its_interval_is(worse: Comparison) -> None:
    answer = judge_comparison(worse)
    figure = next(x for x in answer.figures if x.figure == E2E_P50)
    assert figure.ratio is not None
    assert figure.low is not None
    assert figure.high is not None
    (bar,) = re.findall(
        r'<th scope="row">p50</th>.*?<rect class="margin" x="([\d.]+)" y="3" width="([\d.]+)".*?'
        r'<rect class="fill" x="([\d.]+)" y="4.5" width="([\d.]+)".*?cx="([\d.]+)"',
        comparison_html(worse, answer),
    )
    margin, width, low, length, dot = map(float, bar)
    # The middle is no change, and the gray margin is 5%.
    assert margin + width / 2 == pytest.approx(50, abs=0.1)
    of_share = width / 2 / worse.effect
    assert low == pytest.approx(50 + of_share * (figure.low - 1), abs=0.5)
    assert low + length == pytest.approx(50 + of_share * (figure.high - 1), abs=0.5)
    assert dot == pytest.approx(50 + of_share * (figure.ratio - 1), abs=0.5)


def test_slices_are_levels_that_end_with_their_start(worse: Comparison) -> None:
    chart = comparison_chart(worse, "slices-p50")
    assert [line["label"] for line in chart["lines"]] == ["base", "head"]
    at = unpacked(chart["positions"])
    assert at == sorted(at)
    base, head = (unpacked(line["values"]) for line in chart["lines"])
    # The begin of the start, and both ends of each slice; the order is base, head, head, base.
    assert at[:5] == [0, *(WARM_UP_SECONDS + seconds for seconds in (0, 5, 5, 10))]
    assert [value is not None for value in base[:18]] == [
        *(False, True, True, False, False, False, False, True, True),
        *(True, True, False, False, False, False, True, True, False),
    ]
    assert all(one is None or other is None for one, other in zip(base, head, strict=True))
    assert base[1] == pytest.approx(worse.starts[0].slices[0].p50)


def test_what_was_left_out_is_listed_and_marked(worse: Comparison) -> None:
    comparison = with_slice(worse, 2, 3, invalid="k6 dropped 12 iterations")
    comparison = with_start(comparison, 7, fault="connect of head ended")
    comparison = with_start(comparison, 4, steady=False)
    found = shown(comparison)
    assert "left out: start 3, slice 4 (base): k6 dropped 12 iterations" in found.text
    assert "left out: start 8: connect of head ended" in found.text
    assert "not steady after the warm-up" in found.text
    assert "3 3 10s" in found.text
    chart = comparison_chart(comparison, "slices-p95")
    assert [line["label"] for line in chart["lines"]] == ["base", "head", "left out"]
    assert "left out: 1 valid slice without a neighbor" in found.text.lower()
    # Two points of each slice: all of a start, one invalid slice, and its neighbor without a pair.
    marked = [x for x in unpacked(chart["lines"][2]["values"]) if x is not None]
    assert len(marked) == 2 * (8 + 2)
    assert found.text.count("(") > shown(worse).text.count("(") + 2 * 10


def test_a_figure_that_one_side_lacks_is_missing(worse: Comparison) -> None:
    text = shown(with_slice(worse, 3, 0, p95=None)).text
    assert "Left out and missing p95 is missing on base in 1 slice" in text


def test_hops_that_moved_are_named_although_the_answer_is_the_same() -> None:
    comparison = compared()
    assert "No hop changed significantly." in shown(comparison).text
    for number, start in enumerate(comparison.starts):
        for place, each in enumerate(start.slices):
            if each.side is Side.HEAD:
                hops = dict(each.hops)
                hops["kafka_to_consumer"] = HopTime(mean=2.6, events=1)
                hops["consumer_to_mongodb"] = HopTime(mean=1.3, events=1)
                comparison = with_slice(comparison, number, place, hops=hops)
    text = shown(comparison).text
    assert text.startswith("Same: ")
    assert "Hops Kafka to consumer mean +" in text
    assert "worse; consumer to MongoDB mean -" in text


def test_commands_name_the_commits_and_the_limits(worse: Comparison) -> None:
    text = shown(worse).text
    assert f"git checkout {'b' * 40} nox -s dev" in text
    assert f"inv compare {'b' * 40} {'c' * 40} --minutes 12 --effect 5% --rate 50" in text
    changed_head = msgspec.structs.replace(worse.head, name="../a b", changed=True)
    text = shown(msgspec.structs.replace(worse, head=changed_head)).text
    assert f"inv compare {'b' * 40} '../a b' --minutes 12" in text


def test_versions_without_a_difference_say_so(worse: Comparison) -> None:
    text = shown(msgspec.structs.replace(worse, head=worse.base)).text
    assert "None: both have the same commit, component versions, and connector settings." in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_is_text_wherever_it_stands(worse: Comparison, hostile: str) -> None:
    version = Version(
        name=hostile, commit=hostile, components={hostile: hostile}, settings={hostile: "1"}
    )
    comparison = msgspec.structs.replace(
        worse,
        comparison_id=hostile,
        base=version,
        head=msgspec.structs.replace(version, settings={hostile: hostile, "a": hostile}),
        harness=msgspec.structs.replace(
            worse.harness, commit=hostile, k6=hostile, components={hostile: hostile}
        ),
        machine=msgspec.structs.replace(worse.machine, cpu=hostile, system=hostile),
        pipeline=hostile,
        workload=hostile,
    )
    comparison = with_slice(comparison, 0, 0, invalid=hostile, hops={hostile: HOP})
    comparison = with_start(comparison, 1, fault=hostile)
    found, plain = shown(comparison), shown(worse)
    visible = " ".join("".join(c if c.isprintable() else " " for c in hostile).split())
    assert found.text.count(visible) >= 12
    assert (found.fetched, found.handlers) == ([], [])
    for tag in ("script", "img", "b", "style"):
        assert found.tags.count(tag) == plain.tags.count(tag)


def test_a_page_is_small_and_stays_so_with_many_starts(worse: Comparison) -> None:
    assert len(html(worse)) < 150_000
    many = msgspec.structs.replace(worse, starts=worse.starts * 25)
    text = html(many)
    assert len(text) < 400_000
    found = parsed(text)
    assert "The table has the first 60 starts." in found.text
    assert "with 240 starts that are not shown" in found.text


@pytest.fixture(scope="module")
def original() -> bytes:
    return msgspec.json.encode(compared(SLOWER_MS, starts=3, slices=4))


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_the_file_has_there_is_a_page(original: bytes, data: st.DataObject) -> None:
    content = msgspec.json.decode(original)
    way = data.draw(st.sampled_from(places(content)))
    encoded = json.dumps(changed(content, way, data.draw(VALUES))).encode()
    try:
        comparison = msgspec.json.decode(encoded, type=Comparison)
    except msgspec.ValidationError:
        return
    found = shown(comparison)
    assert not found.open
    assert (found.fetched, found.handlers) == ([], [])
