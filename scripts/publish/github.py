"""GitHub's REST API, as far as it is used here: bounded in time, its refusals told in a line.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import requests
import tenacity
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from scripts.errors import PublishFailure

T = TypeVar("T")

TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the variable's name
API = "https://api.github.com"

_TIMEOUT_SECONDS = 20.0
_RETRIES = 3
_LONGEST_WAIT_SECONDS = 30
_MOST_PAGES = 30
_CHUNK_BYTES = 1 << 16
_PER_PAGE = {"per_page": "100"}
_TOO_MANY = 429
# What a server says that may answer the next time.
PASSING = frozenset({_TOO_MANY, 502, 503})

# Not POST: an answer that is lost on its way may stand for a comment that was made.
RETRY = Retry(
    total=_RETRIES,
    allowed_methods=frozenset({"GET", "PATCH"}),
    status_forcelist=PASSING,
    backoff_factor=1,
    backoff_max=_LONGEST_WAIT_SECONDS,
    retry_after_max=_LONGEST_WAIT_SECONDS,
    raise_on_status=False,
)

_HINTS = {
    401: "is GITHUB_TOKEN the job's own token?",
    403: "has the job the permission? See `permissions` of its workflow",
    404: "is it there, and may the token see it?",
    422: "GitHub takes no such request: this is a fault of ours",
}


class ApiFailure(PublishFailure):
    """GitHub said no, or nothing.

    Attributes:
        status: The HTTP status; 0 where there was no answer.
    """

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class _Limited(Exception):  # noqa: N818 - a state that passes
    """A rate limit; its end is near enough to wait for."""

    def __init__(self, seconds: float, failure: ApiFailure) -> None:
        super().__init__(str(failure))
        self.seconds = seconds
        self.failure = failure


class _Bearer(requests.auth.AuthBase):
    """Sends the token; as an object, so that a .netrc does not take its place."""

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
        """Take address and token from the environment.

        Raises:
            PublishFailure: There is no token.
        """
        token = environment.get(TOKEN, "")
        if not token:
            raise PublishFailure(f"{TOKEN} is not set", hint="hand the job's token to this step")
        return cls(environment.get("GITHUB_API_URL") or API, repository, token)

    def get(self, path: str, kind: type[T], params: Mapping[str, str] | None = None) -> T:
        """Return what is at a path of the repository.

        Raises:
            ApiFailure: GitHub said no, or something else than expected.
        """
        return self._decoded(self._request("GET", self._base + path, params=params), kind)

    def pages(
        self, path: str, kind: type[T], params: Mapping[str, str] | None = None
    ) -> Iterator[T]:
        """Return what is at a path, page by page.

        Raises:
            ApiFailure: GitHub said no, or there are pages without end.
        """
        url, query = self._base + path, {**_PER_PAGE, **(params or {})}
        for _ in range(_MOST_PAGES):
            answer = self._request("GET", url, params=query)
            yield self._decoded(answer, kind)
            if "next" not in answer.links:
                return
            # The link has the query in it.
            url, query = answer.links["next"]["url"], {}
        raise ApiFailure(f"{path} has more than {_MOST_PAGES} pages", status=0)

    def post(self, path: str, content: object) -> None:
        """Make something; never twice.

        Raises:
            ApiFailure: GitHub said no, or nothing; whether it was made has to be looked up.
        """
        self._request("POST", self._base + path, json=content)

    def patch(self, path: str, content: object) -> None:
        """Change something.

        Raises:
            ApiFailure: GitHub said no.
        """
        self._request("PATCH", self._base + path, json=content)

    def download(self, path: str, target: Path, most_bytes: int) -> None:
        """Write what is at a path into a file.

        Raises:
            ApiFailure: GitHub said no, or it is larger than that.
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
            raise ApiFailure(f"{path} came in part only: {_plain(error)}", status=0) from None

    def _request(self, method: str, url: str, **options: Any) -> requests.Response:  # noqa: ANN401 - those of requests
        try:
            return tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(_Limited),
                wait=_as_long_as_it_says,
                stop=tenacity.stop_after_attempt(_RETRIES),
                reraise=True,
            )(self._once, method, url, **options)
        except _Limited as limited:
            raise limited.failure from None

    def _once(self, method: str, url: str, **options: Any) -> requests.Response:  # noqa: ANN401 - those of requests
        what = f"{method} {url.partition('?')[0]}"
        try:
            answer = self._session.request(method, url, timeout=_TIMEOUT_SECONDS, **options)
        except requests.RequestException as error:
            raise ApiFailure(
                f"GitHub did not answer {what}: {_plain(error)}",
                status=0,
                hint="is the API up? https://www.githubstatus.com",
            ) from None
        if answer.ok:
            return answer
        failure = ApiFailure(
            f"GitHub answered {what} with {answer.status_code} {answer.reason}",
            status=answer.status_code,
            hint=_HINTS.get(answer.status_code, ""),
        )
        seconds = _limited_for(answer)
        if seconds is None:
            raise failure
        limit = ApiFailure(
            f"{failure.message}: a rate limit, for {seconds:,.0f} s more",
            status=answer.status_code,
            hint="run the job again later",
        )
        if seconds > _LONGEST_WAIT_SECONDS:
            raise limit
        raise _Limited(seconds, limit)

    def _decoded(self, answer: requests.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            url = answer.url.partition("?")[0]
            raise ApiFailure(
                f"GitHub's answer to {url} is not what it was: {error}", status=0
            ) from None


def _limited_for(answer: requests.Response) -> float | None:
    """Return the seconds for which a rate limit says to wait; None where it is a refusal."""
    # A GET or PATCH that met 429 was tried again already.
    posted = answer.request.method == "POST" and answer.status_code == _TOO_MANY
    if not posted and answer.status_code != requests.codes.forbidden:
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(float(reset) - time.time(), 0)
    return None


def _as_long_as_it_says(state: tenacity.RetryCallState) -> float:
    raised = state.outcome.exception() if state.outcome is not None else None
    return raised.seconds if isinstance(raised, _Limited) else 0


def _plain(error: requests.RequestException) -> str:
    """Return the kind of an error: its text holds addresses, and their queries may hold secrets."""
    return type(error).__name__
