"""A fault, the context that it is injected into, and its expected verdict."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from cdc_perf.errors import ExitCode
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.endpoints import Endpoints

# By metric and stat, as in thresholds.json.
Limits = Mapping[str, Mapping[str, float]]
LIMITS: Limits = {
    "cdc_e2e_latency": {"p50": 1000, "p95": 2000},
    "cdc_success_rate": {"rate": 0.9},
}


@dataclass(frozen=True)
class FaultContext:
    """A pipeline under load, in its own checkout.

    Attributes:
        checkout: The checkout.
        pipeline: The pipeline.
        endpoints: The addresses of its components.
        files: The files that k6 writes.
    """

    checkout: Checkout
    pipeline: Pipeline
    endpoints: Endpoints
    files: ScenarioFiles


# Injects the fault; the end of the block may remove it.
Inject = Callable[[FaultContext], AbstractContextManager[None]]


@contextmanager
def nothing(_: FaultContext) -> Iterator[None]:
    """Inject no fault while the load runs."""
    yield


@dataclass(frozen=True)
class Expected:
    """The expected verdict on a fault.

    Attributes:
        code: The exit code of `inv perf`, which implies the verdict.
        red: The gate or threshold (`cdc_e2e_latency p50`) that must fail; empty: none may.
        reason: Words that its reason must contain.
    """

    code: ExitCode
    red: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Edit:
    """A replacement of text in a file; its path is relative to the checkout."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: Its name for `--only`.
        description: One sentence that describes it.
        expected: Its expected verdict.
        scenario: The scenario to run.
        limits: The thresholds of the scenario.
        load: Options that override those of the scenario's executor.
        edits: Changes to files of the checkout before the run.
        inject: Injects the fault while the load runs.
        options: Further options of `inv perf`, such as a fault that the run itself injects.
        recovery: The thresholds on recoveries, as in thresholds.json.
        duration: The duration of the load: long enough for the fault to take effect.
    """

    name: str
    description: str
    expected: Expected
    scenario: str = "baseline"
    limits: Limits = field(default_factory=lambda: LIMITS)
    load: Mapping[str, object] = field(default_factory=dict)
    edits: tuple[Edit, ...] = ()
    inject: Inject = nothing
    duration: str = "8s"
    options: tuple[str, ...] = ()
    recovery: Mapping[str, object] = field(default_factory=dict)
