"""Plan the comparison of two versions: which commits, for how long, or none."""

import re
from dataclasses import dataclass

from cdc_perf.ci.plan import Output
from cdc_perf.errors import UsageFailure
from cdc_perf.perf.comparison.settings import MINUTES
from cdc_perf.stack.choice import EXTERNAL
from cdc_perf.wording import counted

# In addition to the comparison: Python, the tools of both versions (a first build of k6 takes 8
# minutes on two cores), the artifacts.
_MARGIN_MINUTES = 30
# https://docs.github.com/en/actions/reference/limits: the maximum for a job of a hosted runner.
_LONGEST_JOB_MINUTES = 360
_WHOLE = re.compile("[0-9]{1,3}")


@dataclass(frozen=True)
class Commits:
    """The two versions of a pull request or a merge group.

    Attributes:
        base: The version without the change.
        head: The version with it, which is checked out.
    """

    base: str
    head: str


@dataclass(frozen=True)
class ComparisonPlan:
    """The plan of a comparison.

    Attributes:
        commits: What to compare; None: nothing.
        minutes: The time limit of the comparison.
    """

    commits: Commits | None
    minutes: int

    @property
    def timeout_minutes(self) -> int:
        """The timeout of the job."""
        return self.minutes + _MARGIN_MINUTES

    def outputs(self) -> dict[str, str]:
        """Return the outputs, each a single line."""
        commits = self.commits or Commits("", "")
        return {
            Output.COMPARE: "false" if self.commits is None else "true",
            Output.BASE: commits.base,
            Output.HEAD: commits.head,
            Output.MINUTES: str(self.minutes),
            Output.COMPARE_TIMEOUT: str(self.timeout_minutes),
        }

    def line(self) -> str:
        """Return the plan in a line."""
        if self.commits is None:
            return "no comparison of two versions"
        limit = counted(self.timeout_minutes, "minute")
        return f"comparison of {self.commits.base} with {self.commits.head}: at most {limit}"


def plan_comparison(
    commits: Commits | None, minutes: str, stack: str, *, needed: bool
) -> ComparisonPlan:
    """Return the plan of a comparison.

    Args:
        commits: The commits of a pull request or a merge group; None for other events.
        minutes: The input of the workflow; empty: the default.
        stack: The stack of the scenarios.
        needed: Whether a changed file can affect performance.

    Raises:
        UsageFailure: The input is not a possible number of minutes.
    """
    limit = minutes_of(minutes, stack)
    return ComparisonPlan(commits if needed and limit else None, limit)


def minutes_of(text: str, stack: str) -> int:
    """Return the time limit of a comparison; 0: none.

    A pipeline that others operate has no versions of its own that could be started side by side.

    Args:
        text: The input of the workflow; empty: the default.
        stack: The stack of the scenarios.

    Raises:
        UsageFailure: The input is not a possible number of minutes.
    """
    if stack == EXTERNAL:
        return 0
    given = text.strip()
    if not given:
        return MINUTES
    most = _LONGEST_JOB_MINUTES - _MARGIN_MINUTES
    if not _WHOLE.fullmatch(given) or int(given) > most:
        raise UsageFailure(
            f"minutes: {text!r} is not a whole number of minutes from 0 to {most}",
            hint="set the input of the workflow to 0 for no comparison, or remove it",
        )
    return int(given)
