import time
from pathlib import Path

import pytest
import requests
import responses
from responses.registries import OrderedRegistry

from cdc_perf.errors import ExitCode, PublishFailure
from cdc_perf.publish.api_errors import RETRY, ApiFailure
from cdc_perf.publish.github import GitHub

API = "https://api.example"
URL = f"{API}/repos/octo/cdc-perf/things"
TOKEN = "sesame"  # noqa: S105 - opens nothing


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited, without the waiting."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


@pytest.fixture
def github(slept: list[float]) -> GitHub:
    return GitHub(API, "octo/cdc-perf", TOKEN)


@responses.activate
def test_the_token_travels_in_a_header(github: GitHub) -> None:
    responses.get(URL, json=[1])
    assert github.get("/things", list[int]) == [1]
    assert responses.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in str(responses.calls[0].request.url)


@responses.activate(registry=OrderedRegistry)
def test_pages_are_followed_to_the_last(github: GitHub) -> None:
    following = {"Link": f'<{URL}?page=2>; rel="next"'}
    responses.get(URL, json=[1], headers=following)
    responses.get(URL, json=[2])
    assert list(github.pages("/things", list[int], {"state": "open"})) == [[1], [2]]
    assert responses.calls[0].request.url == f"{URL}?per_page=100&state=open"
    assert responses.calls[1].request.url == f"{URL}?page=2"


@responses.activate
def test_pages_without_end_are_given_up(github: GitHub) -> None:
    responses.get(URL, json=[1], headers={"Link": f'<{URL}>; rel="next"'})
    with pytest.raises(ApiFailure, match="/things has more than 30 pages"):
        list(github.pages("/things", list[int]))


@pytest.mark.parametrize("status", [429, 502, 503])
def test_what_passes_is_tried_again(github: GitHub, status: int) -> None:
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        mock.get(URL, status=status, headers={"Retry-After": "7"})
        mock.get(URL, json=[1])
        assert github.get("/things", list[int]) == [1]


@responses.activate
def test_what_does_not_pass_is_given_up(github: GitHub) -> None:
    responses.get(URL, status=429, headers={"Retry-After": "86400"})
    with pytest.raises(ApiFailure, match=r"answered GET https://api\.example\S+ with 429"):
        github.get("/things", list[int])
    assert len(responses.calls) == 4


def test_it_is_not_waited_for_longer_than_makes_sense() -> None:
    assert RETRY.parse_retry_after("7") == 7
    assert RETRY.parse_retry_after("86400") == 30
    assert RETRY.total == 3


@pytest.mark.parametrize("told", ["seconds", "a moment"])
def test_a_rate_limit_reported_as_403_is_waited_for(
    github: GitHub, slept: list[float], told: str
) -> None:
    moment = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 10)}
    headers = {"Retry-After": "9"} if told == "seconds" else moment
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        mock.get(URL, status=403, headers=headers)
        mock.get(URL, json=[1])
        assert github.get("/things", list[int]) == [1]
    assert len(slept) == 1
    assert 5 < slept[0] <= 10


@responses.activate
def test_a_rate_limit_without_end_in_sight_is_a_line(github: GitHub, slept: list[float]) -> None:
    responses.get(URL, status=403, headers={"Retry-After": "3600"})
    with pytest.raises(ApiFailure, match="rate limit for another 3,600 s"):
        github.get("/things", list[int])
    assert slept == []
    assert len(responses.calls) == 1


@responses.activate
def test_a_rate_limit_that_goes_on_is_given_up(github: GitHub, slept: list[float]) -> None:
    responses.get(URL, status=403, headers={"Retry-After": "9"})
    with pytest.raises(ApiFailure, match="rate limit for another"):
        github.get("/things", list[int])
    assert slept == [9, 9]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "check that GITHUB_TOKEN is the job's own token"),
        (403, "check `permissions`"),
        (404, "the token can read it"),
        (422, "GitHub rejected the request"),
        (500, "with 500 Internal Server Error"),
    ],
)
def test_a_refusal_is_a_line_with_what_to_do(github: GitHub, status: int, said: str) -> None:
    with responses.RequestsMock() as mock:
        mock.get(URL, status=status, json={"message": "no"})
        with pytest.raises(ApiFailure) as raised:
            github.get("/things", list[int], {"secret": "word"})
        assert len(mock.calls) == 1
    assert said in str(raised.value)
    assert "word" not in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert raised.value.code is ExitCode.PUBLISH
    assert raised.value.status == status


@responses.activate
def test_an_api_that_is_down_is_a_line(github: GitHub) -> None:
    responses.get(URL, body=requests.ConnectionError("refused"))
    with pytest.raises(ApiFailure, match=r"GitHub did not answer GET .*: ConnectionError"):
        github.get("/things", list[int])


@responses.activate
def test_an_answer_of_another_shape_is_a_line(github: GitHub) -> None:
    responses.get(URL, body="<html>")
    with pytest.raises(ApiFailure, match="has an unexpected format"):
        github.get("/things", list[int])


@responses.activate
def test_nothing_is_made_twice(github: GitHub) -> None:
    responses.post(URL, status=502)
    with pytest.raises(ApiFailure, match="with 502"):
        github.post("/things", {})
    assert len(responses.calls) == 1


def test_a_post_that_met_a_rate_limit_was_not_made_and_is_tried_again(
    github: GitHub, slept: list[float]
) -> None:
    with responses.RequestsMock(registry=OrderedRegistry) as mock:
        mock.post(URL, status=429, headers={"Retry-After": "3"})
        mock.post(URL, status=201, json={})
        github.post("/things", {})
    assert slept == [3]


@responses.activate
def test_a_download_ends_at_its_limit(github: GitHub, tmp_path: Path) -> None:
    responses.get(URL, body=b"x" * 1000)
    github.download("/things", tmp_path / "file", 1000)
    assert (tmp_path / "file").stat().st_size == 1000
    with pytest.raises(ApiFailure, match="/things is larger than 999 bytes"):
        github.download("/things", tmp_path / "file", 999)


def test_without_a_token_nothing_is_asked() -> None:
    with pytest.raises(PublishFailure, match=r"^GITHUB_TOKEN is not set"):
        GitHub.of_environment({}, "octo/cdc-perf")
