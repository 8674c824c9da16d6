"""k6 as it is called here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from cdc_perf import process
from cdc_perf.errors import LoadFailure
from cdc_perf.load.web_dashboard_relay import WebDashboardRelay
from cdc_perf.settings.durations import parse_duration
from cdc_perf.settings.executors import Executor
from cdc_perf.settings.scenarios import Scenario

_INSPECT_SECONDS = 60
_ENVIRONMENT = {
    # k6 must not fetch another build of itself for the import of k6/x/cdc, and tells nobody.
    "K6_AUTO_EXTENSION_RESOLUTION": "false",
    "K6_NO_USAGE_REPORT": "true",
    "NO_COLOR": "1",
    # An empty one, in place of the user's (~/.config/k6/config.json), which could pause the load.
    "K6_CONFIG": str(Path(__file__).with_name("k6_config.json")),
}
# Options of an executor that k6 adds with their defaults, or that the scripts work out for it.
_ADDED = ("startTime", "gracefulStop", "gracefulRampDown", "env", "exec", "tags", "options")


@dataclass(frozen=True)
class Observed:
    """A Prometheus that k6 writes to, once a second, beside its points.

    https://grafana.com/docs/k6/latest/results-output/real-time/prometheus-remote-write/

    Attributes:
        url: Prometheus' address.
        run_id: The label `test_run_id` of every series.
    """

    url: str
    run_id: str

    @property
    def variables(self) -> dict[str, str]:
        """How k6 writes: latencies as histograms that add up, and an end to every series."""
        return {
            "K6_PROMETHEUS_RW_SERVER_URL": f"{self.url}/api/v1/write",
            "K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM": "true",
            "K6_PROMETHEUS_RW_PUSH_INTERVAL": "1s",
            "K6_PROMETHEUS_RW_STALE_MARKERS": "true",
        }

    @property
    def words(self) -> tuple[str, ...]:
        """The additions to k6's command line."""
        return ("--out", "experimental-prometheus-rw", "--tag", f"test_run_id={self.run_id}")


@dataclass(frozen=True)
class K6:
    """A k6 binary and the environment that its scripts are run in.

    Attributes:
        binary: The program, with our extension in it.
        environment: Variables of the scripts: endpoints and overrides.
        dashboard: Shows k6's web dashboard; None: nobody watches.
        observed: Where samples go beside the files; None: nowhere.
    """

    binary: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    dashboard: WebDashboardRelay | None = None
    observed: Observed | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The whole of what k6 reads from its environment: no `K6_*` of the shell reaches it."""
        observed = self.observed.variables if self.observed is not None else {}
        return {**_ENVIRONMENT, **self.environment, **observed}

    def run_command(self, script: Path, points: Path, port: int) -> tuple[str | Path, ...]:
        """Return the command line of a run; its REST interface listens on that port."""
        return (
            *(self.binary, "run", "--quiet", "--no-color", "--address", f"127.0.0.1:{port}"),
            *("--out", f"json={points}"),
            *(self.observed.words if self.observed is not None else ()),
            script,
        )


@dataclass(frozen=True)
class Shape:
    """A scenario's load as k6 will drive it, after the overrides.

    Attributes:
        options: The executor's options.
        seconds: How long the load lasts; for a fixed number of iterations, how long it may last.
        graceful_seconds: How long iterations that have begun may go on after that.
    """

    options: Executor
    seconds: float
    graceful_seconds: float


def inspect(k6: K6, scenario: Scenario) -> Shape:
    """Ask k6 what the script of a scenario comes to.

    Raises:
        LoadFailure: The script cannot be loaded; the detail has k6's own words.
    """
    completed = process.run(
        [k6.binary, "inspect", "--include-system-env-vars", "--no-color", scenario.script],
        env=k6.variables,
        timeout_seconds=_INSPECT_SECONDS,
        check=False,
    )
    if completed.exit_code != 0:
        raise LoadFailure(
            f"k6 cannot load the script of {scenario.name} (exit {completed.exit_code})",
            hint=f"mend {scenario.script.name}",
            detail=completed.last_lines[-5:],
        )
    return shape_of(completed.output, scenario)


def shape_of(inspected: str, scenario: Scenario) -> Shape:
    """Return the shape that the output of `k6 inspect` holds.

    Raises:
        LoadFailure: It is not that of one scenario of this name.
    """
    where = f"k6 inspect {scenario.script.name}"
    try:
        options = json.loads(inspected)["scenarios"][scenario.name]
        graceful = parse_duration(options["gracefulStop"], where=where)
        shape = {key: value for key, value in options.items() if key not in _ADDED}
        executor = msgspec.convert(shape, Executor)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise LoadFailure(
            f"the options of {scenario.script.name} are not those of a scenario named "
            f"{scenario.name}: {type(error).__name__}: {error}",
            hint="make them with scenarioOptions() of lib/options.js",
        ) from None
    return Shape(executor, executor.seconds, graceful)
