"""k6 from a release: only the right file of the right source is taken."""

import hashlib
from pathlib import Path

import msgspec
import pytest
import requests
import responses

from cdc_perf.errors import StackFailure
from cdc_perf.tools.released import ADDRESS_VARIABLE, NotReleased, Release, this_platform

CONTENT = b"a k6\n" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
RELEASED = Release(
    repository="owner/name", tag="v1.2.3", k6_source="abc", k6_sha256={this_platform(): DIGEST}
)
BASE = "http://127.0.0.1:9"
ADDRESS = f"{BASE}/owner/name/releases/download/v1.2.3/k6-{this_platform()}"


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(ADDRESS_VARIABLE, BASE)
    return tmp_path / "k6"


def refusal(target: Path) -> str:
    """Return why the file is not taken; nothing is left of it."""
    with pytest.raises(NotReleased) as caught:
        RELEASED.download_k6(DIGEST, target, lambda _: None)
    assert not target.exists()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@responses.activate
def test_the_file_with_the_digest_is_taken(target: Path) -> None:
    responses.get(ADDRESS, body=CONTENT)
    noted: list[str] = []
    RELEASED.download_k6(RELEASED.k6_digest("abc"), target, noted.append)
    assert target.read_bytes() == CONTENT
    assert target.stat().st_mode & 0o111
    assert noted == ["0 MiB downloaded"]


@pytest.mark.parametrize("body", [CONTENT[:-1], CONTENT + b"x", b""])
@responses.activate
def test_another_file_is_refused(target: Path, body: bytes) -> None:
    responses.get(ADDRESS, body=body)
    found = hashlib.sha256(body).hexdigest()
    assert refusal(target) == f"{ADDRESS}: its SHA-256 is {found}, not {DIGEST}"


@pytest.mark.parametrize("status", [404, 403, 500, 503])
@responses.activate
def test_an_error_of_the_server_is_named(target: Path, status: int) -> None:
    responses.get(ADDRESS, status=status)
    assert refusal(target) == f"{ADDRESS}: HTTP {status}"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (requests.ConnectTimeout(), "no answer in time"),
        (requests.ReadTimeout(), "no answer in time"),
        (requests.exceptions.ProxyError(), "the proxy does not answer, or refuses"),
        (
            requests.exceptions.ChunkedEncodingError(),
            "the connection ended before the file",
        ),
        (requests.ConnectionError(), "no connection"),
    ],
)
@responses.activate
def test_a_server_that_does_not_send_it_is_given_up(
    target: Path, error: Exception, why: str
) -> None:
    responses.get(ADDRESS, body=error)
    assert refusal(target) == f"{ADDRESS}: {why}"


@responses.activate
def test_a_file_that_never_ends_is_given_up(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cdc_perf.tools.released._MOST_BYTES", 100)
    responses.get(ADDRESS, body=CONTENT)
    assert refusal(target) == f"{ADDRESS}: not complete after 0 MiB"


def test_without_an_address_nothing_is_requested(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ADDRESS_VARIABLE, "")
    assert refusal(target) == f"{ADDRESS_VARIABLE} is empty"


@pytest.mark.parametrize(
    ("released", "source", "why"),
    [
        (Release(), "abc", "no release has k6 from this source"),
        (RELEASED, "other", "no release has k6 from this source"),
        (
            msgspec.structs.replace(RELEASED, k6_sha256={"linux-s390x": DIGEST}),
            "abc",
            f"release v1.2.3 has no k6 for {this_platform()}",
        ),
    ],
)
def test_a_release_of_another_source_or_platform_does_not_count(
    released: Release, source: str, why: str
) -> None:
    with pytest.raises(NotReleased) as caught:
        released.k6_digest(source)
    assert str(caught.value) == why


def test_a_broken_lock_file_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "release.json"
    with pytest.raises(StackFailure, match="No such file"):
        Release.read(lock)
    lock.write_text('{"tag": 1}', encoding="utf-8")
    with pytest.raises(StackFailure, match="has another form"):
        Release.read(lock)
    lock.write_bytes(msgspec.json.encode(RELEASED))
    assert Release.read(lock) == RELEASED
