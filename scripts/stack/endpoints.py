"""Where a running stack can be reached."""

from pathlib import Path

import msgspec

from scripts.files import readable_json, write_atomically


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of a stack's components, as `.stack/endpoints.json` holds them.

    The k6 scripts read that file when they are run by hand, so it holds no secret: the embedded
    PostgreSQL trusts the loopback interface. `prometheus_url` is empty where nothing is observed.
    """

    postgres_dsn: str
    kafka_bootstrap: str
    connect_url: str
    connector: str
    mongodb_uri: str
    mongodb_database: str
    consumer_url: str
    prometheus_url: str = ""

    def environment(self) -> dict[str, str]:
        """Return the variables through which k6 and the consumer learn the addresses."""
        return {
            f"CDC_{name.upper()}": value for name, value in msgspec.structs.asdict(self).items()
        }

    def write(self, path: Path) -> None:
        """Write the file."""
        write_atomically(path, readable_json(self))
