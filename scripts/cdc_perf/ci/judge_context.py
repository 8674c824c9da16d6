"""The context for judging a run."""

from dataclasses import dataclass

from cdc_perf.publish.comment import Links
from cdc_perf.publish.github import GitHub
from cdc_perf.settings.paths import Checkout


@dataclass(frozen=True)
class JudgeContext:
    """The context for judging a run.

    Attributes:
        github: The repository.
        checkout: A checkout of its default branch.
        links: The addresses to link to.
        temporary: The parent of temporary folders; empty: the system's default.
        minutes: The value of the repository variable that limits or turns off comparisons.
    """

    github: GitHub
    checkout: Checkout
    links: Links
    temporary: str
    minutes: str
