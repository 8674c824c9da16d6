"""The JMX agent in the JVMs of the compose stack, which Prometheus scrapes."""

from collections.abc import Mapping
from pathlib import Path

from cdc_perf.stack.component_specs import SPECS
from cdc_perf.tools.jars import JMX_AGENT

# Variables of docker-compose.yml, which mounts the agent and its settings. The port is in
# k6/prometheus/prometheus.yml.
_OPTIONS = {spec.name: spec.jvm_variable for spec in SPECS if spec.jvm}
_PORT = 9404
_PROFILES = "COMPOSE_PROFILES"
_PROFILE = "observe"
# The services of the profile.
SERVICES = tuple(spec.service for spec in SPECS if spec.observer)


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
