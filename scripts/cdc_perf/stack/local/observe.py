"""Prometheus beside the embedded stack, and the JMX agent in its two JVMs: `inv up --observe`."""

import io
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.files import write_atomically
from cdc_perf.stack.component_specs import SPECS
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.ports import Ports
from cdc_perf.stack.local.program import Program

PROMETHEUS = "prometheus"
# The first version that accepts k6's native histograms.
_OLDEST = (2, 40)
_HOST = "127.0.0.1"


@dataclass(frozen=True)
class Observers:
    """The tools that observe the stack.

    Attributes:
        prometheus: Path of the program.
        version: Its version.
        jmx_agent: Path of the agent's jar.
        settings: Folder of prometheus.yml, the rules, and the agent's settings.
    """

    prometheus: Path
    version: str
    jmx_agent: Path
    settings: Path


def find_prometheus() -> tuple[Path, str]:
    """Return the Prometheus on PATH and its version.

    Raises:
        StackFailure: There is none, or it is too old.
    """
    found = shutil.which(PROMETHEUS)
    if found is None:
        raise StackFailure(
            "--observe: prometheus is not on PATH",
            hint="install the distribution's package (Debian: apt-get install prometheus, then "
            "stop the service that it starts), or put the program from prometheus.io/download on "
            "PATH",
        )
    answer = process.run([found, "--version"], timeout_seconds=20).output
    version = re.search(r"version (\d+)\.(\d+)\S*", answer)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST:
        raise StackFailure(
            f"--observe: {found} is not a Prometheus that supports native histograms",
            hint=f"put version {'.'.join(map(str, _OLDEST))} or newer on PATH",
        )
    return Path(found), version[0].removeprefix("version ")


def agent_flags(observers: Observers, ports: Ports) -> dict[str, str]:
    """Return the JVM flags that load the agent, by program."""
    agent, settings = observers.jmx_agent, observers.settings / "jmx"
    return {
        spec.name: f"-javaagent:{agent}={_HOST}:{getattr(ports, spec.jmx_listener)}:"
        f"{settings / spec.name}.yml"
        for spec in SPECS
        if spec.jvm
    }


def write_settings(layout: Layout, observers: Observers, ports: Ports) -> None:
    """Write prometheus.yml: the committed file with this stack's targets and the path of the rules.

    Raises:
        StackFailure: The committed file names a job that this stack does not have.
    """
    # Imported here because only an observed stack needs it.
    from ruamel.yaml import YAML  # noqa: PLC0415

    yaml = YAML()
    settings = yaml.load(observers.settings / "prometheus.yml")
    settings["rule_files"] = [str(observers.settings / name) for name in settings["rule_files"]]
    targets = {
        spec.service: getattr(ports, spec.metrics_listener)
        for spec in sorted(SPECS, key=lambda spec: spec.service)
        if spec.metrics_listener
    }
    _retarget(settings["scrape_configs"], targets)
    text = io.StringIO()
    yaml.dump(settings, text)
    write_atomically(_settings_file(layout), text.getvalue())


def _retarget(jobs: list[dict[str, Any]], targets: Mapping[str, int]) -> None:
    for job in jobs:
        name = job["job_name"]
        if name not in targets:
            raise StackFailure(
                f"k6/prometheus/prometheus.yml: the embedded stack has no target for job {name}",
                hint=f"its jobs are {', '.join(targets)}",
            )
        job["static_configs"] = [{"targets": [f"{_HOST}:{targets[name]}"]}]


def program(layout: Layout, observers: Observers, ports: Ports) -> Program:
    """Return the program of Prometheus; `down` removes its data."""
    return Program(
        name=PROMETHEUS,
        argv=(
            *(observers.prometheus, f"--config.file={_settings_file(layout)}"),
            f"--storage.tsdb.path={layout.data / PROMETHEUS}",
            f"--web.listen-address={_HOST}:{ports.prometheus}",
            # k6 and the harness push; k6's latencies are native histograms.
            *("--web.enable-remote-write-receiver", "--enable-feature=native-histograms"),
            "--log.level=warn",
        ),
    )


def _settings_file(layout: Layout) -> Path:
    return layout.settings / "prometheus.yml"
