import json
import time
from collections.abc import Iterator

import pytest
import responses
from responses.registries import OrderedRegistry

from cdc_perf.publish.api_errors import ApiFailure
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import BOT
from cdc_perf.publish.sticky import MARKER, MAX_BYTES, current, publish

API = "https://api.example"
ISSUE = f"{API}/repos/octo/cdc-perf/issues/7/comments"
COMMENT = f"{API}/repos/octo/cdc-perf/issues/comments/3"


def listed(author: str = BOT, body: str = f"{MARKER}\nold") -> dict[str, object]:
    return {"id": 3, "body": body, "user": {"login": author}}


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> GitHub:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return GitHub(API, "octo/cdc-perf", "sesame")


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        yield mock


def asked(api: responses.RequestsMock) -> list[str | None]:
    return [call.request.method for call in api.calls]


@pytest.mark.parametrize(
    "other",
    [
        listed(author="stranger"),
        listed(body="no marker"),
        listed(body=f"> {MARKER}"),
        {"id": 3, "body": None, "user": {"login": BOT}},
        {"id": 3, "body": MARKER, "user": None},
    ],
)
def test_where_none_is_ours_one_is_made(
    github: GitHub, api: responses.RequestsMock, other: dict[str, object]
) -> None:
    api.get(ISSUE, json=[other])
    api.post(ISSUE, status=201, json={})
    assert publish(github, 7, "new") == "#7: added a comment"
    assert json.loads(api.calls[1].request.body or "") == {"body": f"{MARKER}\nnew"}


def test_ours_is_edited_even_on_the_last_page(github: GitHub, api: responses.RequestsMock) -> None:
    api.get(ISSUE, json=[listed("stranger")], headers={"Link": f'<{ISSUE}?page=2>; rel="next"'})
    api.get(ISSUE, json=[listed()])
    api.patch(COMMENT, json={})
    assert publish(github, 7, "new") == "#7: edited the comment"


def test_the_text_of_ours_can_be_read(github: GitHub, api: responses.RequestsMock) -> None:
    api.get(ISSUE, json=[listed("stranger"), listed(body=f"{MARKER}\nmine")])
    assert current(github, 7) == f"{MARKER}\nmine"
    api.get(ISSUE, json=[listed("stranger")])
    assert current(github, 7) == ""


def test_a_lost_answer_does_not_lead_to_a_second_comment(
    github: GitHub, api: responses.RequestsMock
) -> None:
    api.get(ISSUE, json=[])
    api.post(ISSUE, status=502)
    api.get(ISSUE, json=[listed()])
    api.patch(COMMENT, json={})
    assert publish(github, 7, "new") == "#7: edited the comment"
    assert asked(api) == ["GET", "POST", "GET", "PATCH"]


def test_a_comment_that_was_not_made_is_tried_again(
    github: GitHub, api: responses.RequestsMock
) -> None:
    api.get(ISSUE, json=[])
    api.post(ISSUE, status=503)
    api.get(ISSUE, json=[])
    api.post(ISSUE, status=201, json={})
    assert publish(github, 7, "new") == "#7: added a comment"


def test_it_ends_after_the_third_attempt(github: GitHub, api: responses.RequestsMock) -> None:
    for _ in range(3):
        api.get(ISSUE, json=[])
        api.post(ISSUE, status=502)
    with pytest.raises(ApiFailure, match="with 502"):
        publish(github, 7, "new")


def test_a_refusal_is_not_tried_again(github: GitHub, api: responses.RequestsMock) -> None:
    api.get(ISSUE, json=[])
    api.post(ISSUE, status=403)
    with pytest.raises(ApiFailure, match="with 403"):
        publish(github, 7, "new")


def test_none_is_made_where_only_an_old_one_was_to_be_edited(
    github: GitHub, api: responses.RequestsMock
) -> None:
    api.get(ISSUE, json=[])
    assert "no comment needed" in publish(github, 7, "new", only_edit=True)


def test_a_comment_that_is_too_long_is_cut_by_whole_lines(
    github: GitHub, api: responses.RequestsMock
) -> None:
    api.get(ISSUE, json=[])
    api.post(ISSUE, status=201, json={})
    publish(github, 7, "- `an endless reason, ä`\n" * 10_000)
    body = json.loads(api.calls[1].request.body or "")["body"]
    assert MAX_BYTES - 100 < len(body.encode()) <= MAX_BYTES
    assert body.endswith("ä`\n\nToo long to show in full: the results contain the rest.\n")
