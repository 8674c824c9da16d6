"""A fault, where it is planted, and what has to be said of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from cdc_perf.errors import ExitCode
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.endpoints import Endpoints

# By metric and stat, as thresholds.json has them.
Limits = Mapping[str, Mapping[str, float]]
LIMITS: Limits = {
    "cdc_e2e_latency": {"p50": 1000, "p95": 2000},
    "cdc_success_rate": {"rate": 0.9},
}


@dataclass(frozen=True)
class FaultContext:
    """A pipeline under load, in a checkout of its own.

    Attributes:
        checkout: The checkout.
        pipeline: What the pipeline is made of.
        endpoints: Where it is.
        files: What k6 writes.
    """

    checkout: Checkout
    pipeline: Pipeline
    endpoints: Endpoints
    files: ScenarioFiles


# Plants the fault; it is taken back when the block ends.
Inject = Callable[[FaultContext], AbstractContextManager[None]]


@contextmanager
def nothing(_: FaultContext) -> Iterator[None]:
    """Plant nothing while the load runs."""
    yield


@dataclass(frozen=True)
class Expected:
    """What has to be said of a fault.

    Attributes:
        code: What `inv perf` exits with, and with it the verdict.
        red: The gate or limit (`cdc_e2e_latency p50`) that turns red; empty: none may.
        reason: Words that its reason has to hold.
    """

    code: ExitCode
    red: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Edit:
    """A text of a file that is replaced by another one; the file is named from the checkout on."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: What `--only` calls it.
        planted: What is done, in a sentence.
        expected: What has to be said of it.
        scenario: What is run.
        limits: The limits that the scenario is judged by.
        load: Options of k6's executor, laid over the scenario's.
        edits: What is changed in the files of the checkout before the run.
        plant: What is done while the load runs.
        duration: How long the load lasts: long enough for the fault to show.
    """

    name: str
    planted: str
    expected: Expected
    scenario: str = "baseline"
    limits: Limits = field(default_factory=lambda: LIMITS)
    load: Mapping[str, object] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    plant: Inject = nothing
    duration: str = "8s"
