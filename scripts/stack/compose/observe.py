"""The JMX agent in the JVMs of the compose stack, where Prometheus scrapes it."""

from pathlib import Path

from scripts.tools.jars import JMX_AGENT

# Of docker-compose.yml, which mounts the agent and its settings; k6/prometheus/prometheus.yml has
# the port.
_OPTIONS = {"kafka": "KAFKA_JVM_OPTS", "connect": "CONNECT_JVM_OPTS"}
_PORT = 9404
PROFILE = "observe"


def variables(agent: Path) -> dict[str, str]:
    """Return the variables of docker-compose.yml with which a stack is observed.

    Args:
        agent: The folder of the agent's jar.
    """
    flags = {
        variable: f"-javaagent:/jmx/agent/{JMX_AGENT}={_PORT}:/jmx/settings/{name}.yml"
        for name, variable in _OPTIONS.items()
    }
    return {"COMPOSE_PROFILES": PROFILE, "JMX_AGENT": str(agent), **flags}
