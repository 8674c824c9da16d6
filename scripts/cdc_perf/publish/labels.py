"""Whether people accepted a change of the performance, by a label on the pull request.

Labels are read from the API at the time of judging: the event of a run that is started again still
has the old ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import BOT
from cdc_perf.publish.pulls import Label, PullRequest, runs_of_head
from cdc_perf.publish.runner import Account

LABEL = "performance-change-accepted"
_LABELED = "labeled"


class _Event(msgspec.Struct, frozen=True):
    event: str
    created_at: datetime
    actor: Account | None = None
    label: Label | None = None


class Acceptance(msgspec.Struct, frozen=True):
    """Who accepted the change of one head commit.

    Attributes:
        commit: The head commit.
        pull_request: Its pull request.
        by: The person's login.
        at: When the label was added.
    """

    commit: str
    pull_request: int
    by: str
    at: datetime


@dataclass(frozen=True)
class LabelReading:
    """The state of the label on a pull request.

    Attributes:
        acceptance: The acceptance of its head commit; None without one.
        why: Why a label that is there does not count; empty otherwise.
    """

    acceptance: Acceptance | None
    why: str = ""


def read_label(github: GitHub, pull: PullRequest) -> LabelReading:
    """Return whether the head commit of a pull request is accepted.

    The label must be newer than the commit's last arrival, so that a push asks again.

    Args:
        github: The repository.
        pull: The pull request, as the API described it just now.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    if LABEL not in {label.name for label in pull.labels}:
        return LabelReading(None)
    added = max(_added(github, pull.number), key=lambda event: event.created_at, default=None)
    if added is None:
        return LabelReading(None, "GitHub does not list when it was added")
    by = "ghost" if added.actor is None else added.actor.login
    if by == BOT:
        # The pull request's own workflow may have done it.
        return LabelReading(None, "a workflow added it")
    arrived = _arrived(github, pull.head.sha)
    if arrived is None or added.created_at <= arrived:
        return LabelReading(None, "it is older than this commit: remove it, then add it again")
    return LabelReading(Acceptance(pull.head.sha, pull.number, by, added.created_at))


def _added(github: GitHub, number: int) -> Iterator[_Event]:
    for page in github.pages(f"/issues/{number}/events", tuple[_Event, ...]):
        for event in page:
            if event.event == _LABELED and event.label is not None and event.label.name == LABEL:
                yield event


def _arrived(github: GitHub, commit: str) -> datetime | None:
    """Return when a commit last became the head of a pull request; None if unknown.

    GitHub does not tell the time of a push, and people can choose the times in a commit. But a push
    starts a workflow run; its creation time is GitHub's own, and a run that is started again keeps
    it. After a push of an older commit, the newest of its runs counts.
    """
    return max((run.created_at for run in runs_of_head(github, commit)), default=None)
