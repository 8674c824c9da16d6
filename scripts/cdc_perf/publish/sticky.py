"""Maintain one comment on a pull request: edit it if it exists, else create it."""

import msgspec
import tenacity

from cdc_perf.publish.api_errors import PASSING, ApiFailure
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import BOT
from cdc_perf.publish.runner import cut

MARKER = "<!-- cdc-perf: the comment on performance -->"
MAX_BYTES = 60_000  # GitHub's maximum is 65,536 characters
_ATTEMPTS = 3


class _User(msgspec.Struct, frozen=True):
    login: str


class _Comment(msgspec.Struct, frozen=True):
    id: int
    body: str | None
    user: _User | None


class _OutcomeUnknown(Exception):  # noqa: N818 - a state, not an error
    """The comment may or may not have been created."""

    def __init__(self, failure: ApiFailure) -> None:
        super().__init__(str(failure))
        self.failure = failure


def publish(github: GitHub, pull_request: int, body: str, *, only_edit: bool = False) -> str:
    """Write `body` to this project's comment, and return a sentence on what was done.

    Anyone who can comment can write the marker, so the author must be the workflow's user.

    Args:
        github: The repository.
        pull_request: Its number.
        body: Markdown.
        only_edit: Whether to do nothing if there is no comment yet.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    text = cut(f"{MARKER}\n{body}", MAX_BYTES)

    def attempt() -> str:
        # Searched on each attempt because the comment may exist despite a lost response.
        found = _find(github, pull_request)
        if found is not None:
            github.patch(f"/issues/comments/{found.id}", {"body": text})
            return f"#{pull_request}: edited the comment"
        if only_edit:
            return f"#{pull_request}: no comment needed"
        try:
            github.post(f"/issues/{pull_request}/comments", {"body": text})
        except ApiFailure as failure:
            if failure.status in {0, *PASSING}:
                raise _OutcomeUnknown(failure) from None
            raise
        return f"#{pull_request}: added a comment"

    try:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_OutcomeUnknown),
            wait=tenacity.wait_exponential(max=10),
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            reraise=True,
        )(attempt)
    except _OutcomeUnknown as unknown:
        raise unknown.failure from None


def current(github: GitHub, pull_request: int) -> str:
    """Return the text of this project's comment, with its marker; empty if there is none.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    found = _find(github, pull_request)
    return "" if found is None else found.body or ""


def _find(github: GitHub, pull_request: int) -> _Comment | None:
    for page in github.pages(f"/issues/{pull_request}/comments", tuple[_Comment, ...]):
        for comment in page:
            ours = comment.user is not None and comment.user.login == BOT
            if ours and (comment.body or "").startswith(MARKER):
                return comment
    return None
