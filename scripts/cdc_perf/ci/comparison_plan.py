"""Plan the comparison of two versions: which commits, for how long, or none."""

import re
from dataclasses import dataclass

from cdc_perf.ci.plan import Output
from cdc_perf.errors import UsageFailure
from cdc_perf.perf.comparison.settings import MINUTES
from cdc_perf.wording import counted

# The repository variable. In a run of a fork's pull request, variables are empty.
VARIABLE = "COMPARE_MINUTES"
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


def plan_comparison(commits: Commits | None, minutes: str, *, needed: bool) -> ComparisonPlan:
    """Return the plan of a comparison.

    Args:
        commits: The commits of a pull request or a merge group; None for other events.
        minutes: The value of the repository variable.
        needed: Whether a changed file can affect performance.

    Raises:
        UsageFailure: The variable's value is not a possible number of minutes.
    """
    limit = minutes_of(minutes)
    return ComparisonPlan(commits if needed and limit else None, limit)


def minutes_of(text: str) -> int:
    """Return the minutes that the repository variable sets; 0: no comparison.

    Raises:
        UsageFailure: The value is not a possible number of minutes.
    """
    given = text.strip()
    if not given:
        return MINUTES
    most = _LONGEST_JOB_MINUTES - _MARGIN_MINUTES
    if not _WHOLE.fullmatch(given) or int(given) > most:
        raise UsageFailure(
            f"{VARIABLE}: {text!r} is not a whole number of minutes from 0 to {most}",
            hint=f"set the repository variable {VARIABLE} to 0 for no comparison, or remove it",
        )
    return int(given)
