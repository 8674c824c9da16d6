"""The meaning of GitHub's error responses, and how long to wait after a temporary one.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import time

import requests
import tenacity
from urllib3.util import Retry

from cdc_perf.errors import PublishFailure

RETRIES = 3
_LONGEST_WAIT_SECONDS = 30
_TOO_MANY = 429
# Status codes of temporary errors.
PASSING = frozenset({_TOO_MANY, 502, 503})

# Not POST: if the response is lost, the comment may still have been created.
RETRY = Retry(
    total=RETRIES,
    allowed_methods=frozenset({"GET", "PATCH"}),
    status_forcelist=PASSING,
    backoff_factor=1,
    backoff_max=_LONGEST_WAIT_SECONDS,
    retry_after_max=_LONGEST_WAIT_SECONDS,
    raise_on_status=False,
)

_HINTS = {
    401: "check that GITHUB_TOKEN is the job's own token",
    403: "check `permissions` in the job's workflow",
    404: "check that it exists and that the token can read it",
    422: "GitHub rejected the request: report this as a bug of cdc-perf",
}


class ApiFailure(PublishFailure):
    """GitHub returned an error, or no response.

    Attributes:
        status: The HTTP status; 0 if there was no response.
    """

    def __init__(self, message: str, *, status: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class Limited(Exception):  # noqa: N818 - a temporary state
    """A rate limit that ends soon enough to wait for."""

    def __init__(self, seconds: float, failure: ApiFailure) -> None:
        super().__init__(str(failure))
        self.seconds = seconds
        self.failure = failure


def api_error_of(what: str, answer: requests.Response) -> ApiFailure | Limited:
    """Convert an error response: to a failure, or to a rate limit to wait for."""
    failure = ApiFailure(
        f"GitHub answered {what} with {answer.status_code} {answer.reason}",
        status=answer.status_code,
        hint=_HINTS.get(answer.status_code, ""),
    )
    seconds = _limited_for(answer)
    if seconds is None:
        return failure
    limit = ApiFailure(
        f"{failure.message}: rate limit for another {seconds:,.0f} s",
        status=answer.status_code,
        hint="rerun the job later",
    )
    if seconds > _LONGEST_WAIT_SECONDS:
        return limit
    return Limited(seconds, limit)


def wait_seconds_of(state: tenacity.RetryCallState) -> float:
    """Return the seconds until a rate limit ends, for tenacity."""
    raised = state.outcome.exception() if state.outcome is not None else None
    return raised.seconds if isinstance(raised, Limited) else 0


def _limited_for(answer: requests.Response) -> float | None:
    """Return the seconds to wait for a rate limit; None if the response is another error."""
    # A GET or PATCH that got 429 was already retried.
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
