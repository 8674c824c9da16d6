"""The comparison in an artifact that a stranger may have written."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import responses

from cdc_perf.publish.fetch_comparison import FetchedComparison, fetch_comparison, numbers_only
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.runner import WorkflowRun
from cdc_perf.results.comparison import Comparison, Version
from tests.unit.recorded_comparisons import ID, comparison, without_valid_slices

API, NAME = "https://api.example", "octo/cdc-perf"
RUN = WorkflowRun(5, 2, "pull_request", "success", "a" * 40, "change", None)
LIST = f"{API}/repos/{NAME}/actions/runs/5/artifacts"
FILE = f"{ID}/comparison.json"
EVIL = "` @everyone <img src=x> https://evil.example"


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def archive(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return stream.getvalue()


def fetched(api: responses.RequestsMock, *names: str, content: bytes = b"") -> FetchedComparison:
    """Fetch from artifacts with these names, the last of which has the content."""
    listed = [
        {"id": number, "name": name, "size_in_bytes": 1, "expired": False}
        for number, name in enumerate(names, 1)
    ]
    api.get(LIST, json={"artifacts": listed})
    if content:
        api.get(f"{API}/repos/{NAME}/actions/artifacts/{len(names)}/zip", body=content)
    return fetch_comparison(GitHub(API, NAME, "sesame"), RUN, "")


def test_the_comparison_of_the_last_attempt_is_read(api: responses.RequestsMock) -> None:
    written = msgspec.json.encode(comparison(1.1))
    content = archive(**{FILE: written, f"{ID}/report.html": b"<p>"})
    found = fetched(api, "k6-comparison-5-1", "k6-comparison-5-2", content=content)
    assert (found.comparison, found.fault) == (comparison(1.1), "")
    assert found.artifact is not None
    assert found.artifact.id == 2


@pytest.mark.parametrize("name", ["k6-results-5-2", "k6-comparison-4-2", "k6-comparison-5-3"])
def test_another_artifact_is_not_taken_for_it(api: responses.RequestsMock, name: str) -> None:
    assert fetched(api, name) == FetchedComparison(None)


def changed(**fields: object) -> bytes:
    content: dict[str, Any] = json.loads(msgspec.json.encode(comparison(starts=1)))
    return json.dumps({**content, **fields}).encode()


def with_slices(count: int = 1, value: str = "", **fields: object) -> bytes:
    """Return a comparison of slices with these fields; `value` is the JSON of their p50."""
    content: dict[str, Any] = json.loads(msgspec.json.encode(comparison(starts=1)))
    start = content["starts"][0]
    one = {**start["slices"][0], "hops": {}, "latencies": {}, "p50": "here", **fields}
    made = changed(starts=[{**start, "slices": [one] * count}])
    return made.replace(b'"here"', value.encode() or b"10.0")


def test_a_comparison_of_many_slices_is_read(api: responses.RequestsMock) -> None:
    content = archive(**{FILE: with_slices(2_200)})
    assert fetched(api, "k6-comparison-5-2", content=content).comparison is not None


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"comparison.json": b"{}"},
        {f"x/{FILE}": changed()},
        {FILE: changed(), "20261129T110000Z-00c0/comparison.json": changed()},
        {FILE: b""},
        {FILE: b"{}"},
        {FILE: b"\xff"},
        {FILE: b"[" * 100_000},
        {FILE: changed(schema_version=2)},
        {FILE: changed(**{EVIL: 1})},
        {FILE: changed(pipeline="x" * 1001)},
        {FILE: changed(effect=1.5)},
        {FILE: changed(minutes=0)},
        {FILE: changed(status=EVIL)},
        {FILE: with_slices(samples=-1)},
        {FILE: with_slices(value="1e999")},
        {FILE: with_slices(value="NaN")},
        {FILE: with_slices(value="0")},
        {FILE: with_slices(hops={"total": {"mean": -1, "events": 1}})},
        {FILE: with_slices(latencies={EVIL: 1})},
        {FILE: with_slices(5_001)},
        {FILE: b" " * 2_000_001},
    ],
)
def test_what_is_no_comparison_is_a_fault_in_our_own_words(
    api: responses.RequestsMock, files: dict[str, bytes]
) -> None:
    found = fetched(api, "k6-comparison-5-2", content=archive(**files))
    assert found.comparison is None
    assert found.fault
    assert "evil" not in found.fault


def test_an_archive_that_cannot_be_read_is_a_fault(api: responses.RequestsMock) -> None:
    assert fetched(api, "k6-comparison-5-2", content=b"no zip file").fault


def spoilt(text: str) -> Comparison:
    """Return a comparison that has the text wherever it can."""
    content: dict[str, Any] = json.loads(
        msgspec.json.encode(without_valid_slices(comparison(starts=2), text))
    )
    for start in content["starts"]:
        start["fault"] = text
        for measured in start["slices"]:
            measured["hops"][text] = measured["hops"]["total"]
    version = {
        "name": text,
        "commit": text,
        "components": {text: text},
        "settings": {text: text},
    }
    of_machine = dict.fromkeys(("system", "architecture", "cpu", "python"), text)
    machine = {**content["machine"], **of_machine}
    of_harness = dict.fromkeys(("project", "commit", "k6"), text)
    harness = {"changed": True, "components": {text: text}, **of_harness}
    words = dict.fromkeys(("comparison_id", "pipeline", "workload"), text)
    content |= {"base": version, "head": version, "machine": machine, "harness": harness, **words}
    return msgspec.json.decode(json.dumps(content), type=Comparison)


def test_of_a_comparison_only_the_numbers_are_kept() -> None:
    ours = Version(name="base", commit="b" * 40), Version(name="merge", commit="c" * 40)
    kept = numbers_only(spoilt(EVIL), *ours)
    assert "evil" not in msgspec.json.encode(kept).decode()
    assert (kept.base, kept.head) == ours
    # What is left out stays left out, and every number stays.
    assert all(start.fault for start in kept.starts)
    assert all(measured.invalid for start in kept.starts for measured in start.slices)
    assert [x.p50 for x in kept.starts[0].slices] == [
        x.p50 for x in comparison(starts=2).starts[0].slices
    ]


def test_a_good_comparison_keeps_all_of_its_slices() -> None:
    good = comparison(1.1)
    assert numbers_only(good, good.base, good.head).starts == good.starts
