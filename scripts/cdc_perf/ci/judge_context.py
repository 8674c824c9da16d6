"""The context for judging a run."""

from dataclasses import dataclass
from functools import cached_property

from cdc_perf.ci.measured_repository import MeasuredRepository
from cdc_perf.ci.plan import DEFAULT_SCENARIOS, ENVIRONMENT
from cdc_perf.ci.relevance import Relevance
from cdc_perf.publish.comment import Links
from cdc_perf.publish.github import GitHub
from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.choice import AUTO


@dataclass(frozen=True)
class JudgeInputs:
    """The inputs of the workflow that judges, which must be those of the workflow that runs.

    Attributes:
        scenarios: The names of the required scenarios, separated by commas.
        stack: Their stack.
        environment: Their environment in thresholds.json.
        minutes: The time limit of the comparison; empty: the default.
        paths: Patterns of the files that can affect performance; empty: the default.
    """

    scenarios: str = DEFAULT_SCENARIOS
    stack: str = AUTO
    environment: str = ENVIRONMENT
    minutes: str = ""
    paths: str = ""


@dataclass(frozen=True)
class JudgeContext:
    """The context for judging a run.

    Attributes:
        github: The repository.
        checkout: A checkout of its default branch.
        links: The addresses to link to.
        temporary: The parent of temporary folders; empty: the system's default.
        inputs: The inputs of the default branch's workflow.
    """

    github: GitHub
    checkout: Checkout
    links: Links
    temporary: str
    inputs: JudgeInputs

    @cached_property
    def repository(self) -> MeasuredRepository:
        """The repository under test."""
        return MeasuredRepository.of(self.checkout)

    @property
    def relevance(self) -> Relevance:
        """Which of its files can affect performance."""
        return Relevance.of(self.repository, self.inputs.paths)
