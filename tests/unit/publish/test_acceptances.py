"""What people accepted stays in the comment, whatever the next run shows."""

from datetime import UTC, datetime

import pytest

from cdc_perf.publish.acceptances import (
    Entry,
    entries_in,
    record_line,
    record_markdown,
    with_entry,
)
from cdc_perf.publish.labels import Acceptance
from cdc_perf.publish.sticky import MARKER

AT = datetime(2026, 11, 29, 10, 30, tzinfo=UTC)


def entry(number: int = 1, what: str = "p50 +11% (7 to 15%): worse") -> Entry:
    return Entry(Acceptance(f"{number:040x}", 7, "alice", AT), what)


def comment(*entries: Entry) -> str:
    return f"{MARKER}\n{record_line(entries)}\n## Performance\n"


def test_a_comment_hands_its_record_to_the_next() -> None:
    text = comment(entry(1), entry(2))
    assert entries_in(text) == (entry(1), entry(2))
    # As GitHub's page leaves it after an edit.
    assert entries_in(text.replace("\n", "\r\n")) == (entry(1), entry(2))


@pytest.mark.parametrize(
    "text",
    [
        "",
        MARKER,
        f"{MARKER}\n## Performance\n",
        f"{MARKER}\n## Performance\n{record_line((entry(),))}\n",
        f"{record_line((entry(),))}\n",
        f"{MARKER}\n`{record_line((entry(),))}`\n",
        f"{MARKER}\n{record_line((entry(),))[:-20]} -->\n",
        f"{MARKER}\n<!-- cdc-perf: accepted [[[ -->\n",
    ],
)
def test_nothing_else_in_a_comment_is_a_record(text: str) -> None:
    assert entries_in(text) == ()


def test_an_acceptance_is_kept_once_and_the_oldest_goes_first() -> None:
    record = with_entry((), entry(1))
    assert with_entry(record, entry(1, "said in another way")) == record
    for number in range(2, 60):
        record = with_entry(record, entry(number))
    assert len(record) == 50
    assert record[-1] == entry(59)


def test_a_record_is_one_line_and_does_not_end_early() -> None:
    line = record_line((entry(what="--> \n@everyone"),))
    assert "\n" not in line
    assert line.count("-->") == 1
    assert entries_in(f"{MARKER}\n{line}\n") == (entry(what="--> \n@everyone"),)


def test_readers_see_who_accepted_what_for_which_commit() -> None:
    text = record_markdown((entry(),))
    for word in ("`000000000000`", "`p50 +11% (7 to 15%): worse`", "`alice`", "2026-11-29 10:30"):
        assert word in text
