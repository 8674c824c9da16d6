"""Whether the label counts: for one head commit, from a person, and as it is now."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import responses

from cdc_perf.publish.github import GitHub
from cdc_perf.publish.labels import LABEL, Acceptance, LabelReading, read_label
from cdc_perf.publish.names import BOT
from cdc_perf.publish.pulls import Label, PullRequest, PullRequestBase, PullRequestHead
from cdc_perf.publish.runner import Account, Repository

API, NAME, HEAD = "https://api.example", "octo/cdc-perf", "a" * 40
GITHUB = GitHub(API, NAME, "sesame")
EVENTS = f"{API}/repos/{NAME}/issues/7/events"
RUNS = f"{API}/repos/{NAME}/actions/workflows/performance-test.yml/runs"
PUSHED, BEFORE, AFTER, LATER = (f"2026-11-29T{hour}:00:00Z" for hour in ("10", "09", "11", "12"))


def pull(*labels: str) -> PullRequest:
    head = PullRequestHead(HEAD, Repository(NAME, Account("octo")))
    return PullRequest(7, head, PullRequestBase("main", "b" * 40), tuple(map(Label, labels)))


def event(at: str, what: str = "labeled", *, by: str = "alice", label: str = LABEL) -> Any:  # noqa: ANN401 - JSON
    return {"event": what, "created_at": at, "actor": {"login": by}, "label": {"name": label}}


def run(created: str) -> dict[str, Any]:
    return {
        "id": 1,
        "run_attempt": 2,
        "event": "pull_request",
        "conclusion": "failure",
        "head_sha": HEAD,
        "head_branch": "change",
        "head_repository": {"full_name": NAME, "owner": {"login": "octo"}},
        "created_at": created,
    }


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def read(
    api: responses.RequestsMock, events: list[Any], runs: list[Any] | None = None
) -> LabelReading:
    api.get(EVENTS, json=events)
    if runs is not None:
        api.get(
            RUNS,
            json={"workflow_runs": runs},
            match=[
                responses.matchers.query_param_matcher(
                    {"head_sha": HEAD, "event": "pull_request", "per_page": "100"}
                )
            ],
        )
    return read_label(GITHUB, pull("bug", LABEL))


def test_a_label_that_is_newer_than_the_push_counts(api: responses.RequestsMock) -> None:
    found = read(api, [event(BEFORE, "mentioned"), event(AFTER)], [run(PUSHED)])
    at = datetime.fromisoformat(AFTER)
    assert found == LabelReading(Acceptance(HEAD, 7, "alice", at))


def test_without_the_label_no_events_are_read() -> None:
    assert read_label(GITHUB, pull("bug")) == LabelReading(None)


@pytest.mark.parametrize(
    ("events", "runs"),
    [
        pytest.param([event(BEFORE)], [run(PUSHED)], id="added before the push"),
        pytest.param([event(PUSHED)], [run(PUSHED)], id="added at the same time"),
        pytest.param([event(AFTER)], [run(PUSHED), run(LATER)], id="the commit came back"),
        pytest.param([event(AFTER)], [run(LATER), run(PUSHED)], id="in whatever order"),
        pytest.param([event(AFTER)], [], id="GitHub knows no run of the commit"),
        pytest.param([event(AFTER)], [{**run(PUSHED), "created_at": None}], id="of no time"),
    ],
)
def test_a_push_asks_again(api: responses.RequestsMock, events: list[Any], runs: list[Any]) -> None:
    for each in runs:
        if each["created_at"] is None:
            del each["created_at"]
    found = read(api, events, runs)
    assert found.acceptance is None
    assert found.why


def test_a_label_that_was_added_again_counts_from_then_on(api: responses.RequestsMock) -> None:
    events = [event(BEFORE), event(AFTER, "unlabeled"), event(LATER, by="bob")]
    found = read(api, events, [run(PUSHED)])
    assert found.acceptance is not None
    assert found.acceptance.by == "bob"


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([event(AFTER, by=BOT)], id="a workflow added it"),
        pytest.param([event(AFTER, label="bug")], id="another label"),
        pytest.param([], id="no event"),
    ],
)
def test_a_label_that_no_person_added_does_not_count(
    api: responses.RequestsMock, events: list[Any]
) -> None:
    found = read(api, events)
    assert found.acceptance is None
    assert found.why


def test_a_person_whose_account_is_gone_still_accepted_it(api: responses.RequestsMock) -> None:
    found = read(api, [{**event(AFTER), "actor": None}], [run(PUSHED)])
    assert found.acceptance is not None
    assert found.acceptance.by == "ghost"
