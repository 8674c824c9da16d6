"""The links between the components of a pipeline, which network faults hit."""

from dataclasses import dataclass

from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.component_specs import components_of


@dataclass(frozen=True)
class Link:
    """The connections from one component to another.

    Attributes:
        name: Its name in faults.json, and that of its proxy: the components in the order of the
            data flow.
        client: The component that connects.
        server: The component that accepts connections.
    """

    name: str
    client: str
    server: str


LINKS = (
    Link("postgres-connect", client="connect", server="postgres"),
    Link("connect-kafka", client="connect", server="kafka"),
    Link("kafka-consumer", client="consumer", server="kafka"),
    Link("consumer-mongodb", client="consumer", server="mongodb"),
)


def links_of(pipeline: Pipeline) -> tuple[Link, ...]:
    """Return the links of a pipeline, in the order of the data flow."""
    components = {spec.name for spec in components_of(pipeline)}
    return tuple(link for link in LINKS if {link.client, link.server} <= components)
