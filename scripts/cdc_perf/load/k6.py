"""The k6 command and its environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cdc_perf import process
from cdc_perf.errors import LoadFailure
from cdc_perf.load.web_dashboard_relay import WebDashboardRelay
from cdc_perf.settings.durations import parse_duration
from cdc_perf.settings.executors import Executor, LoadShape
from cdc_perf.settings.scenarios import Scenario

_INSPECT_SECONDS = 60
_ENVIRONMENT = {
    # k6 must not fetch another build of itself for the import of k6/x/cdc, nor report its use.
    "K6_AUTO_EXTENSION_RESOLUTION": "false",
    "K6_NO_USAGE_REPORT": "true",
    "NO_COLOR": "1",
    # An empty file instead of the user's (~/.config/k6/config.json), which could pause the load.
    "K6_CONFIG": str(Path(__file__).with_name("k6_config.json")),
}
# Executor options that k6 adds with their defaults, or that the scripts compute.
_ADDED = ("startTime", "gracefulStop", "gracefulRampDown", "env", "exec", "tags", "options")


@dataclass(frozen=True)
class PrometheusTarget:
    """A Prometheus that k6 writes to once a second, in addition to its points.

    https://grafana.com/docs/k6/latest/results-output/real-time/prometheus-remote-write/

    Attributes:
        url: Prometheus' address.
        run_id: The label `test_run_id` of every series.
    """

    url: str
    run_id: str

    @property
    def variables(self) -> dict[str, str]:
        """k6's settings: latencies as histograms that can be summed, and stale markers."""
        return {
            "K6_PROMETHEUS_RW_SERVER_URL": f"{self.url}/api/v1/write",
            "K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM": "true",
            "K6_PROMETHEUS_RW_PUSH_INTERVAL": "1s",
            "K6_PROMETHEUS_RW_STALE_MARKERS": "true",
        }

    @property
    def words(self) -> tuple[str, ...]:
        """The additional command-line arguments."""
        return ("--out", "experimental-prometheus-rw", "--tag", f"test_run_id={self.run_id}")


# Selects the scenario in a script that several scenarios share.
SCENARIO = "CDC_SCENARIO"
# The path of the plan that the scripts execute.
WORKLOAD = "CDC_WORKLOAD"
# A JSON array of the paths of all plans of the run, which the health check tries.
WORKLOADS = "CDC_WORKLOADS"
# With faults, the scripts wait longer for a change, and k6 has no thresholds: the harness judges.
FAULTED = {"CDC_FAULTS": "1"}


@dataclass(frozen=True)
class K6:
    """A k6 binary and the environment of its scripts.

    Attributes:
        binary: The program, which includes this project's extension.
        environment: Variables for the scripts: endpoints and overrides.
        dashboard: Shows k6's web dashboard; None if not wanted.
        push_to: Where to send samples in addition to the files; None: nowhere.
    """

    binary: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    dashboard: WebDashboardRelay | None = None
    push_to: PrometheusTarget | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The complete environment of k6: no `K6_*` of the shell reaches it."""
        observed = self.push_to.variables if self.push_to is not None else {}
        return {**_ENVIRONMENT, **self.environment, **observed}

    def run_command(self, script: Path, points: Path, port: int) -> tuple[str | Path, ...]:
        """Return the command line of a run; k6's REST API listens on the port."""
        return (
            *(self.binary, "run", "--quiet", "--no-color", "--address", f"127.0.0.1:{port}"),
            *("--out", f"json={points}"),
            *(self.push_to.words if self.push_to is not None else ()),
            script,
        )


@dataclass(frozen=True)
class Shape:
    """A scenario's load as k6 will run it, after the overrides; or an observation.

    Attributes:
        options: The executor's options.
        seconds: The duration of the load; the maximum for a fixed number of iterations.
        graceful_seconds: How long running iterations may continue after that.
    """

    options: LoadShape
    seconds: float
    graceful_seconds: float


def inspect(k6: K6, scenario: Scenario) -> Shape:
    """Return the load that k6 derives from a scenario's script.

    Raises:
        LoadFailure: The script does not load; the detail has k6's output.
    """
    completed = process.run(
        [k6.binary, "inspect", "--include-system-env-vars", "--no-color", scenario.k6_script],
        env={**k6.variables, SCENARIO: scenario.name},
        timeout_seconds=_INSPECT_SECONDS,
        check=False,
    )
    if completed.exit_code != 0:
        raise LoadFailure(
            f"k6 cannot load the script of {scenario.name} (exit {completed.exit_code})",
            hint=f"fix {scenario.k6_script.name}",
            detail=completed.last_lines[-5:],
        )
    return shape_of(completed.output, scenario)


def shape_of(inspected: str, scenario: Scenario) -> Shape:
    """Return the shape in the output of `k6 inspect`.

    Raises:
        LoadFailure: The output does not describe one scenario with this name.
    """
    where = f"k6 inspect {scenario.k6_script.name}"
    try:
        options = json.loads(inspected)["scenarios"][scenario.name]
        graceful = parse_duration(options["gracefulStop"], where=where)
        shape = {key: value for key, value in options.items() if key not in _ADDED}
        executor = msgspec.convert(shape, Executor)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise LoadFailure(
            f"the options of {scenario.k6_script.name} do not define a scenario named "
            f"{scenario.name}: {type(error).__name__}: {error}",
            hint="create them with scenarioOptions() from lib/options.js",
        ) from None
    return Shape(executor, executor.seconds, graceful)
