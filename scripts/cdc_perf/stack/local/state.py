"""What `up` decided for an embedded stack."""

from contextlib import suppress
from pathlib import Path

import msgspec

from cdc_perf.files import NOT_JSON, write_atomically
from cdc_perf.stack.local.ports import Ports
from cdc_perf.stack.local.proxies import TOXIPROXY, ProxyPorts


class LocalState(msgspec.Struct, frozen=True, kw_only=True):
    """What `up` decided, as stored in `.stack/stack.json`.

    Attributes:
        ports: A port for each listener.
        cluster_id: The id of its Kafka cluster.
        versions: The version of each component.
        proxies: The ports of Toxiproxy; None without proxies.
    """

    ports: Ports
    cluster_id: str
    versions: dict[str, str]
    proxies: ProxyPorts | None = None

    def port(self, component: str) -> int:
        """Return the port of a component."""
        if self.proxies is not None and component == TOXIPROXY:
            return self.proxies.api
        return int(getattr(self.ports, component))

    @classmethod
    def read(cls, path: Path) -> "LocalState | None":
        """Return the content of the file; None if it is missing or invalid."""
        with suppress(FileNotFoundError, *NOT_JSON):
            return msgspec.json.decode(path.read_bytes(), type=cls)
        return None

    def write(self, path: Path) -> None:
        """Write the file."""
        write_atomically(path, msgspec.json.encode(self))
