"""The inputs of the callable workflows, and the environment that their jobs get from them."""

from collections.abc import Mapping
from enum import StrEnum

from cdc_perf.ci.calls import Given
from cdc_perf.ci.model import CallInput, expression
from cdc_perf.ci.plan import DEFAULT_SCENARIOS, ENVIRONMENT
from cdc_perf.settings.paths import PIPELINE
from cdc_perf.settings.pipeline import ExternalStackSettings
from cdc_perf.stack.external.addresses import FILE_SETTINGS, variable

# The folders of a called job's workspace: this project, and the repository that calls.
TOOL, REPOSITORY = "cdc-perf", "repository"
# The inputs of a manual start.
SCENARIO, DURATION = "scenario", "duration_override"


class Input(StrEnum):
    """The name of an input."""

    PIPELINE = "pipeline"
    SCENARIOS = "scenarios"
    STACK = "stack"
    ENVIRONMENT = "environment"
    MINUTES = "minutes"
    PATHS = "paths"


# Both workflows take all of them, so that both callers give the same.
INPUTS: Mapping[str, CallInput] = {
    Input.PIPELINE: CallInput(
        "Folder of the pipeline in the repository; empty for the sample of cdc-perf itself", None
    ),
    Input.SCENARIOS: CallInput(
        "Scenarios of pull requests and the schedule, separated by commas", DEFAULT_SCENARIOS
    ),
    Input.STACK: CallInput("Stack of the scenarios: compose, local, or external", "compose"),
    Input.ENVIRONMENT: CallInput("Environment of thresholds.json", ENVIRONMENT),
    Input.MINUTES: CallInput(
        "Time limit of the comparison with the base; 0 for none, empty for the default", ""
    ),
    Input.PATHS: CallInput(
        "Patterns of the files that can affect performance, separated by spaces; "
        "empty for all but documentation",
        "",
    ),
}
# The addresses of an external stack; files are paths, which the repository has. The workflow
# injects no faults into a stack of others, so it needs no Toxiproxy.
_NOT_PASSED = (*FILE_SETTINGS, "toxiproxy_url")
_ADDRESSES = [x for x in ExternalStackSettings.__struct_fields__ if x not in _NOT_PASSED]
ADDRESSES = tuple(variable(name) for name in _ADDRESSES)
KAFKA_CLIENT, KAFKA_CLIENT_FILE = "CDC_KAFKA_CLIENT", variable("kafka_client_file")
# A caller passes those that it needs, by name.
SECRETS: Mapping[str, str] = {
    **{variable(name): f"External stack: {name} of pipeline.toml" for name in _ADDRESSES},
    KAFKA_CLIENT: "External stack: the content of kafka_client_file of pipeline.toml",
}


def given(name: Input) -> Given:
    """Return an input as the argument of a command."""
    return Given(name.upper(), expression(f"inputs.{name}"))


# Without an input, the paths are those of the sample.
PIPELINE_ENVIRONMENT: Mapping[str, str] = {
    PIPELINE: expression(f"inputs.pipeline && format('../{REPOSITORY}/{{0}}', inputs.pipeline)"),
    "RESULTS_DIR": "k6/results",
}
STACK_LOGS = expression(
    f"inputs.pipeline && format('{REPOSITORY}/{{0}}', inputs.pipeline) || '{TOOL}'"
)
