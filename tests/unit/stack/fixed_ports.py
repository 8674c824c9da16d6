"""Ports of an embedded stack that does not run."""

from cdc_perf.stack.links import LINKS
from cdc_perf.stack.local.ports import Ports
from cdc_perf.stack.local.proxies import ProxyPorts

PORTS = Ports(**{name: 20_001 + i for i, name in enumerate(Ports.__struct_fields__)})
PROXIES = ProxyPorts(
    api=20_100,
    proxies={link.name: 20_101 + i for i, link in enumerate(LINKS)},
    servers={
        "postgres-connect": PORTS.postgres,
        "connect-kafka": 20_201,
        "kafka-consumer": 20_202,
        "consumer-mongodb": PORTS.mongodb,
    },
    listeners={"connect-kafka": "CONNECT", "kafka-consumer": "CONSUMER"},
)
