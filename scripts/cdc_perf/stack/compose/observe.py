"""The JMX agent in the JVMs of the compose stack, which Prometheus scrapes."""

from collections.abc import Mapping
from pathlib import Path

from cdc_perf.tools.jars import JMX_AGENT

# Variables of docker-compose.yml, which mounts the agent and its settings. The port is in
# k6/prometheus/prometheus.yml.
_OPTIONS = {"kafka": "KAFKA_JVM_OPTS", "connect": "CONNECT_JVM_OPTS"}
_PORT = 9404
_PROFILES = "COMPOSE_PROFILES"
_PROFILE = "observe"
# The services of the profile.
SERVICES = ("prometheus", "grafana")


def variables(agent: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of docker-compose.yml for a stack with Prometheus.

    Args:
        agent: Folder of the agent's jar.
        environment: The environment, which may select other profiles.
    """
    profiles = ",".join(x for x in (environment.get(_PROFILES, ""), _PROFILE) if x)
    flags = {
        variable: f"-javaagent:/jmx/agent/{JMX_AGENT}={_PORT}:/jmx/settings/{name}.yml"
        for name, variable in _OPTIONS.items()
    }
    return {_PROFILES: profiles, "JMX_AGENT": str(agent), **flags}
