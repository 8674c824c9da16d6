"""A stack, a k6, and an integrity check that start no process and open no connection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec
import pytest

from cdc_perf import process
from cdc_perf.files import readable_json
from cdc_perf.integrity.records import Integrity
from cdc_perf.integrity.topic import StartOffsets
from cdc_perf.load import run as load
from cdc_perf.load.files import ScenarioFiles
from cdc_perf.load.k6 import K6, Shape
from cdc_perf.perf.loads import K6Load, Load
from cdc_perf.perf.planned_scenario import PlannedScenario
from cdc_perf.perf.scenario_runner import ScenarioRun, ScenarioRunner
from cdc_perf.process import Completed
from cdc_perf.results.summary import Check, Metric, Summary
from cdc_perf.settings.executors import ConstantVus, PerVuIterations
from cdc_perf.settings.scenarios import HEALTH_CHECK, Scenario
from cdc_perf.stack.backend import JvmMemory, LogTail
from cdc_perf.stack.checks.results import Result
from cdc_perf.stack.component import ComponentEvent, ComponentStatus
from cdc_perf.stack.connector_health import Condition, ConnectorHealth
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.usage import Usage
from cdc_perf.stats.latency_histogram import HopCounters
from tests.unit.measured import CLEAN, LATENCY, counter, rate, summary, threshold, trend
from tests.unit.points import Point, percentile, write_points

if TYPE_CHECKING:
    from cdc_perf.integrity.check import Checker
    from cdc_perf.stack.gauges import Gauges

LIMIT = threshold("cdc_e2e_latency", "p95<=100")
SUCCESS = threshold("cdc_success_rate", "rate>=0.9")
ITERATIONS, WARM_UP = 600, 60
_TYPES = {
    "cdc_e2e_latency": "trend",
    "cdc_success_rate": "rate",
    "generator_delay": "trend",
    "iterations": "counter",
    "pg_records_inserted": "counter",
}


def endpoints(**changes: str) -> Endpoints:
    """Return addresses at which nothing listens."""
    addresses = Endpoints(
        postgres_dsn="postgresql://127.0.0.1:1/cdc",
        kafka_bootstrap="127.0.0.1:1",
        connect_url="http://127.0.0.1:1",
        connector="postgres-cdc-connector",
        mongodb_uri="mongodb://127.0.0.1:1",
        mongodb_database="cdc",
        consumer_url="http://127.0.0.1:1",
    )
    return msgspec.structs.replace(addresses, **changes)


@dataclass
class FakeBackend:
    """A stack that does what a test asks for.

    Attributes:
        up_already: Whether it runs before the run starts.
        events: What happens to its components during each scenario.
        calls: What was asked of it, in order.
    """

    up_already: bool = False
    events: tuple[ComponentEvent, ...] = ()
    calls: list[str] = field(default_factory=list)
    name: str = "local"

    def endpoints(self) -> Endpoints | None:
        return endpoints() if self.up_already else None

    def up(self, *, observe: bool = False, proxied: bool = False) -> Endpoints:
        self.calls.append("up --observe" if observe else "up, proxied" if proxied else "up")
        return endpoints()

    def verify(self, *, connector: bool = True) -> None:
        self.calls.append("verify" if connector else "verify without the connector")

    def check(self) -> tuple[Result, ...]:
        return ()

    def down(self) -> bool:
        self.calls.append("down")
        return True

    def abandon(self) -> bool:
        self.calls.append("abandon")
        return True

    def status(self) -> tuple[ComponentStatus, ...]:
        return (ComponentStatus("kafka", "4", "running", 1, 1, 1, 1.0),)

    def usage(self) -> Mapping[str, Usage]:
        return {}

    def collected(self) -> Mapping[str, JvmMemory]:
        return {}

    def versions(self) -> Mapping[str, str]:
        return {"kafka": "4"}

    def notes(self) -> tuple[str, ...]:
        return ("a fake stack",)

    def log_tails(self, _lines: int) -> Mapping[str, LogTail]:
        return {}

    def watch(self) -> "FakeWatch":
        return FakeWatch(self.events)

    def control(self) -> None:
        return None


@dataclass(frozen=True)
class FakeWatch:
    """What happens to the components of a fake stack."""

    happened: tuple[ComponentEvent, ...]

    def events(self) -> tuple[ComponentEvent, ...]:
        return self.happened

    def logs(self) -> Mapping[str, bytes]:
        return {"kafka": b"started\n"}


class FakeK6:
    """A k6 that writes its files at once and ends.

    Attributes:
        latency_ms: What each iteration takes.
        exit_code: What it exits with; None: 99 if a threshold is broken, else 0.
        started: The scripts that were started, in order.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.latency_ms = 20.0
        self.exit_code: int | None = None
        self.started: list[str] = []
        monkeypatch.setattr(process, "start", self._start)
        monkeypatch.setattr(load, "free_port", lambda: 1)

    def _start(
        self, argv: tuple[str | Path, ...], *, env: Mapping[str, str], output: Path
    ) -> "EndedK6":
        script = Path(argv[-1])
        self.started.append(script.name)
        output.write_bytes(b"")
        name = script.stem.removesuffix("-test")
        folder = output.parent
        found = _health(folder) if name == HEALTH_CHECK else self._load(name, folder)
        Path(env["CDC_SUMMARY"]).write_bytes(readable_json(found))
        broken = any(not holds for x in found.metrics.values() for holds in x.thresholds.values())
        return EndedK6((99 if broken else 0) if self.exit_code is None else self.exit_code)

    def _load(self, name: str, folder: Path) -> Summary:
        latencies = [self.latency_ms + number % 7 for number in range(ITERATIONS)]
        phases = ["warm-up"] * WARM_UP + ["steady"] * (ITERATIONS - WARM_UP)
        points = [
            Point(metric, value, number * 100_000, {"phase": phases[number], "scenario": name})
            for number, latency in enumerate(latencies)
            for metric, value in (
                ("cdc_e2e_latency", latency),
                ("cdc_success_rate", 1),
                ("generator_delay", 1.0),
                ("iterations", 1),
                ("pg_records_inserted", 1),
            )
        ]
        write_points(ScenarioFiles(folder).points, points, _TYPES)
        steady = latencies[WARM_UP:]
        metrics: dict[str, Metric] = {
            "cdc_e2e_latency": trend(ITERATIONS),
            LATENCY: trend(
                len(steady),
                p50=percentile(steady, 0.5),
                p95=percentile(steady, 0.95),
                p99=percentile(steady, 0.99),
            ),
            "cdc_success_rate": rate(ITERATIONS, 0),
            "generator_delay": trend(ITERATIONS, p99=1.0),
            "iterations": counter(ITERATIONS, 10.0),
            "pg_records_inserted": counter(ITERATIONS, 10.0),
        }
        holds = LIMIT.holds(percentile(steady, 0.95))
        return summary(metrics, scenario=name, thresholds={LIMIT: holds, SUCCESS: True})


def _health(folder: Path) -> Summary:
    point = Point("iterations", 1, 0, {"scenario": HEALTH_CHECK})
    write_points(ScenarioFiles(folder).points, [point], {"iterations": "counter"})
    metrics = {"iterations": counter(1, 1.0)}
    return summary(metrics, scenario=HEALTH_CHECK, checks=(Check("a row arrives", 1, 0),))


@dataclass(frozen=True)
class EndedK6:
    """The process of a k6 that has ended."""

    exit_code: int
    pid: int = 2**22 + 1

    def ended_within(self, _seconds: float) -> bool:
        return True

    def signal(self, _number: int) -> None: ...

    def wait(self) -> Completed:
        return Completed((), self.exit_code, "", ())


class FakeChecker:
    """An integrity check that finds what a test asks for."""

    def __init__(self, found: Integrity = CLEAN) -> None:
        self.found = found

    def begin(self) -> StartOffsets:
        return {}

    def check(
        self, _begins: StartOffsets, _ledger: Path, _excused: str, *, quiet: bool, use: object
    ) -> object:
        assert quiet
        assert callable(use)
        return self.found


class FakeGauges:
    """Gauges that show nothing, and count how often they are closed."""

    def __init__(self) -> None:
        self.closed = 0

    def read(self, _others: Mapping[str, int], _collect_seconds: float | None) -> dict[str, float]:
        return {}

    def close(self) -> None:
        self.closed += 1


def scenario_runner(
    backend: FakeBackend,
    checker: FakeChecker | None = None,
    gauges: FakeGauges | None = None,
    load: Load | None = None,
) -> ScenarioRunner:
    """Return the real runner of scenarios, on fakes."""
    return ScenarioRunner(
        load=load or K6Load(K6(Path("k6"))),
        backend=backend,
        gauges=cast("Gauges", gauges or FakeGauges()),
        hops=HopCounters,
        checker=cast("Checker", checker or FakeChecker()),
        connectors=lambda: (ConnectorHealth("postgres-cdc-connector", Condition.RUNNING),),
    )


def scenario_run(folder: Path, name: str) -> ScenarioRun:
    """Return a scenario of a minute that is judged by two thresholds, or the health check."""
    health = name == HEALTH_CHECK
    options = (
        PerVuIterations(vus=1, iterations=1, max_duration="60s")
        if health
        else ConstantVus(vus=10, duration="60s")
    )
    scenario = Scenario(
        name=name,
        description="",
        think_time_seconds=0.5,
        in_all=not health,
        options=options,
        duration_seconds=60,
        script=Path(f"{name}.js" if health else f"{name}-test.js"),
    )
    planned = PlannedScenario(scenario, () if health else (LIMIT, SUCCESS))
    return ScenarioRun(planned, Shape(options, 60.0, 1.0), ScenarioFiles(folder / name))
