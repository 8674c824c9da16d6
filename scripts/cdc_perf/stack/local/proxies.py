"""Toxiproxy in front of the embedded stack's links, so that network faults can hit them.

Kafka's clients use the address that their listener advertises. So each client behind a proxy has a
listener of its own, which advertises the proxy.
https://kafka.apache.org/documentation/#brokerconfigs_advertised.listeners
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from cdc_perf.files import readable_json, write_atomically
from cdc_perf.ports import free_port
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.links import Link
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.ports import Ports
from cdc_perf.stack.local.program import Program

TOXIPROXY = "toxiproxy"
_HOST = "127.0.0.1"


class ProxyPorts(msgspec.Struct, frozen=True, kw_only=True):
    """The ports on 127.0.0.1 of Toxiproxy, and of the servers behind it.

    Attributes:
        api: Toxiproxy's API.
        proxies: The port of each link's proxy, by link.
        servers: The port that each proxy connects to, by link.
        listeners: The names of the broker's listeners behind a proxy, by link.
    """

    api: int
    proxies: dict[str, int]
    servers: dict[str, int]
    listeners: dict[str, str]

    @classmethod
    def choose(cls, links: Iterable[Link], ports: Ports) -> "ProxyPorts":
        """Return free ports for the links of a stack.

        Raises:
            StackFailure: No free port was found.
        """
        taken = set(msgspec.structs.asdict(ports).values())

        def port() -> int:
            taken.add(found := free_port(taken))
            return found

        links = tuple(links)
        listeners = {link.name: link.client.upper() for link in links if link.server == "kafka"}
        return cls(
            api=port(),
            proxies={link.name: port() for link in links},
            servers={
                link.name: port() if link.name in listeners else getattr(ports, link.server)
                for link in links
            },
            listeners=listeners,
        )

    def address(self, link: str, otherwise: str) -> str:
        """Return `host:port` of a link's proxy, or the other address if it has none."""
        return f"{_HOST}:{self.proxies[link]}" if link in self.proxies else otherwise

    def broker_settings(self, own: Mapping[str, str]) -> dict[str, str]:
        """Return the broker's settings with the listeners that advertise the proxies."""

        def added(setting: str, addresses: Iterable[str]) -> dict[str, str]:
            return {setting: ",".join((own[setting], *addresses))}

        names = self.listeners.items()
        return {
            **own,
            **added("listeners", (f"{name}://{_HOST}:{self.servers[x]}" for x, name in names)),
            **added(
                "advertised.listeners",
                (f"{name}://{_HOST}:{self.proxies[x]}" for x, name in names),
            ),
            **added("listener.security.protocol.map", (f"{name}:PLAINTEXT" for _, name in names)),
        }


def with_proxies(endpoints: Endpoints, proxies: ProxyPorts) -> Endpoints:
    """Return the addresses of a stack with those of the proxies."""
    return msgspec.structs.replace(
        endpoints,
        connector_postgres=proxies.address("postgres-connect", ""),
        toxiproxy_url=f"http://{_HOST}:{proxies.api}",
    )


def as_the_consumer_reaches(endpoints: Endpoints, proxies: ProxyPorts) -> Endpoints:
    """Return the addresses of a stack as the consumer reaches it: through the proxies."""
    kafka, mongodb = endpoints.kafka_bootstrap, endpoints.mongodb_uri
    return msgspec.structs.replace(
        endpoints,
        kafka_bootstrap=proxies.address("kafka-consumer", kafka),
        mongodb_uri=f"mongodb://{proxies.address('consumer-mongodb', '')}" if mongodb else "",
    )


def toxiproxy(layout: Layout, server: Path, proxies: ProxyPorts) -> Program:
    """Return the program of Toxiproxy, and write the file with its proxies."""
    file = layout.settings / "toxiproxy.json"
    content = [
        {
            "name": link,
            "listen": f"{_HOST}:{port}",
            "upstream": f"{_HOST}:{proxies.servers[link]}",
            "enabled": True,
        }
        for link, port in proxies.proxies.items()
    ]
    write_atomically(file, readable_json(content))
    return Program(
        name=TOXIPROXY,
        argv=(server, "-host", _HOST, "-port", str(proxies.api), "-config", file),
        environment={"LOG_LEVEL": "warn"},
    )
