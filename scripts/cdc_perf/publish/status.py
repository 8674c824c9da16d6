"""The commit status that a repository requires before a merge."""

from dataclasses import dataclass
from enum import StrEnum

import tenacity

from cdc_perf.publish.api_errors import PASSING, ApiFailure
from cdc_perf.publish.github import GitHub
from cdc_perf.publish.names import STATUS_CONTEXT

_MOST_LETTERS = 140
_ATTEMPTS = 3


class State(StrEnum):
    """https://docs.github.com/en/rest/commits/statuses#create-a-commit-status."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


@dataclass(frozen=True)
class Status:
    """A commit status.

    Attributes:
        state: Only SUCCESS lets a pull request be merged.
        description: A line of text, with nothing from a pull request.
    """

    state: State
    description: str


def set_status(github: GitHub, commit: str, status: Status, page: str) -> None:
    """Set the required status of a commit; the last one that is set counts.

    Args:
        github: The repository.
        commit: The commit.
        status: The status.
        page: The address that the status links to.

    Raises:
        ApiFailure: GitHub returned an error.
    """
    text = status.description
    short = text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"
    content = {
        "state": status.state.value,
        "context": STATUS_CONTEXT,
        "description": short,
        "target_url": page,
    }
    # Setting the same status twice has no further effect, so a lost response can be retried.
    tenacity.Retrying(
        retry=tenacity.retry_if_exception(_may_pass),
        wait=tenacity.wait_exponential(max=10),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )(github.post, f"/statuses/{commit}", content)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, ApiFailure) and error.status in {0, *PASSING}
