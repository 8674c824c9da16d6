from typing import Any

import pytest

from cdc_consumer.coalesce import coalesce
from cdc_consumer.write_results import (
    Duplicate,
    classify_duplicate,
    purges_on_read,
    sort_results,
    unencodable,
)
from tests.unit.consumer.builders import event

A, B, C, D = coalesce([event(7, id=name) for name in "abcd"]).writes
WRITES = (A, B, C, D)


def error(index: int, code: int) -> dict[str, Any]:
    return {"index": index, "code": code, "errmsg": "why"}


def test_each_write_is_sorted_by_its_own_answer() -> None:
    details = {"writeErrors": [error(1, 11000), error(2, 121), error(3, 14031)]}
    found = sort_results(WRITES, details)
    assert found.applied == (A,)
    assert found.duplicate == (B,)
    assert found.rejected == ((C, "121: why"),)
    assert found.failed == (D,)
    assert found.failure == "14031: why"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(14031, id="no space on the disk"),
        pytest.param(13, id="no permission"),
        pytest.param(10107, id="no longer primary"),
        pytest.param(1, id="internal error"),
        pytest.param(987654, id="unknown"),
    ],
)
def test_a_trouble_of_the_server_is_tried_again_and_never_a_dead_letter(code: int) -> None:
    found = sort_results((A,), {"writeErrors": [error(0, code)]})
    assert (found.failed, found.rejected) == ((A,), ())


@pytest.mark.parametrize("code", [2, 15, 22, 121, 10334, 17419, 17420])
def test_content_that_mongodb_never_takes_is_rejected(code: int) -> None:
    found = sort_results((A,), {"writeErrors": [error(0, code)]})
    assert (found.failed, found.rejected) == ((), ((A, f"{code}: why"),))


@pytest.mark.parametrize(
    ("details", "failure"),
    [
        pytest.param({"writeConcernErrors": [{"errmsg": "timed out"}]}, "timed out", id="told"),
        pytest.param({"writeConcernErrors": [{}]}, "write concern", id="untold"),
        pytest.param(
            {"writeConcernErrors": [{"errmsg": "x"}], "writeErrors": [error(0, 121)]},
            "x",
            id="beside another error",
        ),
    ],
)
def test_after_a_write_concern_error_nothing_counts_as_done(
    details: dict[str, Any], failure: str
) -> None:
    found = sort_results(WRITES, details)
    assert (found.failed, found.failure) == (WRITES, failure)
    assert (found.applied, found.duplicate, found.rejected) == ((), (), ())


@pytest.mark.parametrize(
    ("stored", "resent", "expected"),
    [
        pytest.param({"_cdc": {"lsn": 8}}, False, "stale", id="newer"),
        pytest.param({"_cdc": {"lsn": 7}}, False, "stale", id="the same: a replay"),
        pytest.param({"_cdc": {"lsn": 7}}, True, "applied", id="the same, sent before"),
        pytest.param({"_cdc": {"lsn": 8}}, True, "stale", id="newer, sent before"),
        pytest.param({"_cdc": {"lsn": 6}}, False, "newer", id="older"),
        pytest.param(None, False, "conflict", id="absent: another unique index"),
        pytest.param({}, False, "foreign", id="without metadata"),
        pytest.param({"_cdc": 5}, False, "foreign", id="other metadata"),
        pytest.param({"_cdc": {"lsn": "7"}}, False, "foreign", id="LSN as text"),
    ],
)
def test_a_duplicate_key_means_what_the_document_there_says(
    stored: dict[str, Any] | None, expected: Duplicate, *, resent: bool
) -> None:
    assert classify_duplicate(A, stored, resent=resent) == expected


@pytest.mark.parametrize(
    ("content", "largest", "why"),
    [
        pytest.param({"a": 1}, 100, "", id="fine"),
        pytest.param({"a": 2**63}, 100, "8-byte", id="integer beyond 64 bits"),
        pytest.param(
            {"a": "x" * 100}, 100, "bytes, over the server's maximum of 100", id="too large"
        ),
        pytest.param({"a": {"b\0": 1}}, 100, "NULL byte", id="a name with a zero byte"),
    ],
)
def test_what_cannot_be_sent_says_why(content: dict[str, Any], largest: int, why: str) -> None:
    found = unencodable(content, largest)
    assert why in found
    assert bool(found) == bool(why)


@pytest.mark.parametrize(
    ("build_info", "expected"),
    [
        ({"version": "7.0.0", "process": "nx_27017"}, True),
        ({"version": "8.0.4", "gitVersion": "bc35ab4305d9920d9d0491c1c9ef9b72383d31f9"}, False),
    ],
)
def test_the_server_that_purges_at_every_read_is_known(
    build_info: dict[str, Any], *, expected: bool
) -> None:
    assert purges_on_read(build_info) is expected
