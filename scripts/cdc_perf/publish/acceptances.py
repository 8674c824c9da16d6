"""The record of accepted changes, in the comment on a pull request.

A label can be removed and a comment is rewritten, so the comment carries the record along: one line
per accepted head commit, and the same as JSON in a comment of Markdown, from which the next version
of the comment takes it over.
"""

import msgspec

from cdc_perf.files import NOT_JSON
from cdc_perf.publish.labels import LABEL, Acceptance
from cdc_perf.report.markdown import quoted

_BEGIN, _END = "<!-- cdc-perf: accepted ", " -->"
_MOST = 50


class Entry(msgspec.Struct, frozen=True):
    """What was accepted, by whom.

    Attributes:
        acceptance: Who accepted which commit.
        what: The sentence that was accepted, in our own words.
    """

    acceptance: Acceptance
    what: str


def entries_in(comment: str) -> tuple[Entry, ...]:
    """Return the record in a comment of ours; empty if it has none.

    Only the line after the marker counts: no other text of the comment can be there.
    """
    # An edit on GitHub's page ends each line with a carriage return too.
    line = comment.partition("\n")[2].partition("\n")[0].rstrip("\r")
    if not (line.startswith(_BEGIN) and line.endswith(_END)):
        return ()
    try:
        return msgspec.json.decode(
            line.removeprefix(_BEGIN).removesuffix(_END), type=tuple[Entry, ...]
        )
    except NOT_JSON:
        return ()


def with_entry(entries: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    """Return the record with one more entry, unless it is there already; the oldest are dropped."""
    if any(each.acceptance == entry.acceptance for each in entries):
        return entries
    return (*entries, entry)[-_MOST:]


def record_line(entries: tuple[Entry, ...]) -> str:
    """Return the record as a line that readers do not see."""
    # A `>` could end the comment of Markdown.
    content = msgspec.json.encode(entries).decode().replace(">", "\\u003e")
    return f"{_BEGIN}{content}{_END}"


def record_markdown(entries: tuple[Entry, ...]) -> str:
    """Return the record as a list, oldest first."""
    lines = [
        f"- commit {quoted(entry.acceptance.commit[:12])}: {quoted(entry.what)}, accepted by "
        f"{quoted(entry.acceptance.by)} on {entry.acceptance.at:%Y-%m-%d %H:%M} UTC "
        f"with the label {quoted(LABEL)}"
        for entry in entries
    ]
    return "### Accepted changes\n\n" + "\n".join(lines)
