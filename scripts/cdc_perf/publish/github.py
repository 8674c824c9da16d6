"""A client for the used part of GitHub's REST API, with timeouts and one-line errors."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import requests
import tenacity
from requests.adapters import HTTPAdapter

from cdc_perf.errors import PublishFailure
from cdc_perf.publish.api_errors import (
    RETRIES,
    RETRY,
    ApiFailure,
    Limited,
    api_error_of,
    wait_seconds_of,
)

T = TypeVar("T")

TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the variable's name
API = "https://api.github.com"

_TIMEOUT_SECONDS = 20.0
_MOST_PAGES = 30
_CHUNK_BYTES = 1 << 16
_PER_PAGE = {"per_page": "100"}


class _Bearer(requests.auth.AuthBase):
    """Sends the token. This is an object because a .netrc would override a plain header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class GitHub:
    """The API of one repository."""

    def __init__(self, api: str, repository: str, token: str) -> None:
        self.repository = repository
        self._base = f"{api.rstrip('/')}/repos/{repository}"
        self._session = requests.Session()
        self._session.auth = _Bearer(token)
        self._session.headers.update(
            {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        )
        adapter = HTTPAdapter(max_retries=RETRY)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str], repository: str) -> "GitHub":
        """Create a client from the address and token in the environment.

        Raises:
            PublishFailure: There is no token.
        """
        token = environment.get(TOKEN, "")
        if not token:
            raise PublishFailure(f"{TOKEN} is not set", hint="pass the job's token to this step")
        return cls(environment.get("GITHUB_API_URL") or API, repository, token)

    def get(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        """Return the resource at a path of the repository.

        Raises:
            ApiFailure: GitHub returned an error or unexpected content.
        """
        return self._decoded(self._request("GET", self._base + path, params=params), kind)

    def pages(
        self, path: str, kind: type[T], params: Mapping[str, str] | None = None
    ) -> Iterator[T]:
        """Yield the resource at a path, page by page.

        Raises:
            ApiFailure: GitHub returned an error, or too many pages.
        """
        url, query = self._base + path, {**_PER_PAGE, **(params or {})}
        for _ in range(_MOST_PAGES):
            answer = self._request("GET", url, params=query)
            yield self._decoded(answer, kind)
            if "next" not in answer.links:
                return
            # The link contains the query.
            url, query = answer.links["next"]["url"], {}
        raise ApiFailure(f"{path} has more than {_MOST_PAGES} pages", status=0)

    def post(self, path: str, content: object) -> None:
        """Create a resource, without retrying.

        Raises:
            ApiFailure: GitHub returned an error or no response; it may still have been created.
        """
        self._request("POST", self._base + path, json=content)

    def patch(self, path: str, content: object) -> None:
        """Change a resource.

        Raises:
            ApiFailure: GitHub returned an error.
        """
        self._request("PATCH", self._base + path, json=content)

    def download(self, path: str, target: Path, most_bytes: int) -> None:
        """Download a resource to a file.

        Raises:
            ApiFailure: GitHub returned an error, or the resource is larger than `most_bytes`.
        """
        answer = self._request("GET", self._base + path, stream=True)
        size = 0
        try:
            with answer, target.open("wb") as stream:
                for chunk in answer.iter_content(_CHUNK_BYTES):
                    size += len(chunk)
                    if size > most_bytes:
                        raise ApiFailure(f"{path} is larger than {most_bytes:,} bytes", status=0)
                    stream.write(chunk)
        except requests.RequestException as error:
            raise ApiFailure(
                f"{path} was not received completely: {_plain(error)}", status=0
            ) from None

    def _request(self, method: str, url: str, **options: Any) -> requests.Response:  # noqa: ANN401 - requests' options
        try:
            return tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(Limited),
                wait=wait_seconds_of,
                stop=tenacity.stop_after_attempt(RETRIES),
                reraise=True,
            )(self._once, method, url, **options)
        except Limited as limited:
            raise limited.failure from None

    def _once(self, method: str, url: str, **options: Any) -> requests.Response:  # noqa: ANN401 - requests' options
        what = f"{method} {url.partition('?')[0]}"
        try:
            answer = self._session.request(method, url, timeout=_TIMEOUT_SECONDS, **options)
        except requests.RequestException as error:
            raise ApiFailure(
                f"GitHub did not answer {what}: {_plain(error)}",
                status=0,
                hint="see https://www.githubstatus.com",
            ) from None
        if answer.ok:
            return answer
        raise api_error_of(what, answer)

    def _decoded(self, answer: requests.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            url = answer.url.partition("?")[0]
            raise ApiFailure(
                f"GitHub's answer to {url} has an unexpected format: {error}", status=0
            ) from None


def _plain(error: requests.RequestException) -> str:
    """Return the type of an error; its text has URLs, whose queries may contain secrets."""
    return type(error).__name__
