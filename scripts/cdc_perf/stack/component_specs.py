"""The declaration of the stack's components: every list of components derives from `SPECS`.

`tests/unit/stack/test_component_specs.py` compares it with what cannot derive from it: structs with
a field for each component, and files such as docker-compose.yml and k6/metrics.json.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cdc_perf.settings.pipeline import Pipeline


@dataclass(frozen=True, kw_only=True)
class ComponentSpec:
    """One component.

    Attributes:
        name: Its name in messages, in supervisord, and in metrics (`cpu_<name>`).
        service: Its service in docker-compose.yml, and its job in prometheus.yml.
        address: The field of `Endpoints` with its address.
        start: Its place among the components that start without a wait for another one. 0: it
            starts in a later step, such as the consumer, which needs the topics.
        other_listeners: Listeners of the embedded stack besides `name` and the JMX agent's.
        jvm: Whether it is a JVM, with an ahead-of-time cache, heap metrics, and a JMX agent.
        serves_metrics: Whether Prometheus scrapes it without a JMX agent.
        kill_signal: The signal that ends it at once.
        repeats_events: Whether Debezium resends unconfirmed changes after its restart.
        observer: Whether it observes the pipeline and is not part of it. Its end does not affect
            the verdict, and it runs only with `--observe`.
        embedded: Whether the embedded stack has it; the compose stack has all.
    """

    name: str
    service: str
    address: str
    start: int = 0
    other_listeners: tuple[str, ...] = ()
    jvm: bool = False
    serves_metrics: bool = False
    kill_signal: str = "KILL"
    repeats_events: bool = False
    observer: bool = False
    embedded: bool = True

    @property
    def port_variable(self) -> str:
        """The variable of docker-compose.yml with its port on 127.0.0.1."""
        return f"{self.name.upper()}_PORT"

    @property
    def jvm_variable(self) -> str:
        """The variable of docker-compose.yml with the options of its JVM."""
        return f"{self.name.upper()}_JVM_OPTS"

    @property
    def jmx_listener(self) -> str:
        """The listener of its JMX agent in the embedded stack."""
        return f"{self.name}_jmx"

    @property
    def listeners(self) -> tuple[str, ...]:
        """The listeners that need a port in the embedded stack."""
        return (self.name, *self.other_listeners, *((self.jmx_listener,) if self.jvm else ()))

    @property
    def metrics_listener(self) -> str:
        """The listener that Prometheus scrapes in the embedded stack; empty if there is none."""
        if self.jvm:
            return self.jmx_listener
        return self.name if self.serves_metrics else ""


# In the order of the data flow, which is the display order.
SPECS = (
    ComponentSpec(
        name="postgres",
        service="postgres",
        address="postgres_dsn",
        start=4,
        # SIGKILL makes PostgreSQL leave shared memory behind; SIGQUIT does not.
        kill_signal="QUIT",
        repeats_events=True,
    ),
    # The JVMs take longest, so they start first; Connect waits for its broker by itself.
    ComponentSpec(
        name="kafka",
        service="kafka",
        address="kafka_bootstrap",
        start=1,
        other_listeners=("kafka_controller",),
        jvm=True,
        repeats_events=True,
    ),
    ComponentSpec(
        name="connect",
        service="kafka-connect",
        address="connect_url",
        start=2,
        jvm=True,
        repeats_events=True,
    ),
    ComponentSpec(
        name="mongodb",
        service="mongodb",
        address="mongodb_uri",
        start=3,
    ),
    ComponentSpec(
        name="consumer",
        service="cdc-consumer",
        address="consumer_url",
        serves_metrics=True,
    ),
    ComponentSpec(
        name="prometheus",
        service="prometheus",
        address="prometheus_url",
        observer=True,
    ),
    ComponentSpec(
        name="grafana",
        service="grafana",
        address="grafana_url",
        observer=True,
        embedded=False,
    ),
)

# The components of the pipeline, without observers.
PIPELINE = tuple(spec for spec in SPECS if not spec.observer)
COMPONENTS = tuple(spec.name for spec in PIPELINE)
OBSERVERS = tuple(spec.name for spec in SPECS if spec.observer)
JVMS = tuple(spec.name for spec in SPECS if spec.jvm)


def components_of(pipeline: Pipeline) -> tuple[ComponentSpec, ...]:
    """Return the components of one pipeline, without observers, in the order of the data flow."""
    without = set()
    if pipeline.mongodb is None:
        without.add("mongodb")
    if pipeline.consumer is None:
        without.add("consumer")
    return tuple(spec for spec in PIPELINE if spec.name not in without)


def start_order(specs: Iterable[ComponentSpec] = SPECS) -> tuple[ComponentSpec, ...]:
    """Return the components that start without a wait for another one, in order."""
    return tuple(sorted((spec for spec in specs if spec.start), key=lambda spec: spec.start))
