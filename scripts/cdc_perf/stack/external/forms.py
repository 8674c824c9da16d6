"""Parsers of addresses; each returns the form that the harness uses.

Their errors do not contain the address, because it may contain a secret.
"""

import re
from functools import partial
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

_SCHEMES = ("http", "https")
_HIGHEST_PORT = 65_535
_POSTGRES_PORT = 5432
_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%\w]+\]|[^\s:/@,\[\]]+)(:(?P<port>[0-9]+))?")
# librdkafka accepts the protocol as a prefix; the harness supports only this one.
_PLAINTEXT = "plaintext://"


class UnreadableAddress(Exception):  # noqa: N818 - becomes a UsageFailure with the setting
    """An invalid address.

    Attributes:
        what: What is wrong with it.
        remedy: What to write instead.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def postgres(text: str) -> str:
    """Return a libpq connection string that names a host.

    Raises:
        UnreadableAddress: It is invalid.
    """
    # A copied URL may end in a slash; the name of a database does not.
    url = text.startswith(("postgresql://", "postgres://")) and "?" not in text
    dsn = text.rstrip("/") if url else text
    try:
        found = conninfo_to_dict(dsn)
    except ProgrammingError:
        found = {}
    if not found.get("host"):
        raise UnreadableAddress(
            "is not a PostgreSQL address",
            "write host=HOST user=USER dbname=DATABASE, or a URL",
        )
    return dsn


def mongodb(text: str) -> str:
    """Return a MongoDB connection string.

    Raises:
        UnreadableAddress: It is invalid.
    """
    try:
        parse_uri(text, validate=False)
    except (PyMongoError, ValueError):
        raise UnreadableAddress("is not a MongoDB address", "write mongodb://host:27017") from None
    return text


def kafka(text: str) -> str:
    """Return a list of brokers: `host:port,host:port`.

    Raises:
        UnreadableAddress: A broker is invalid.
    """
    brokers = [broker.strip() for broker in text.split(",") if broker.strip()]
    return ",".join(_host_and_port(_bare(broker), "is not a Kafka address") for broker in brokers)


def _bare(broker: str) -> str:
    start = len(_PLAINTEXT) if broker.lower().startswith(_PLAINTEXT) else 0
    return broker[start:].rstrip("/")


def connector_postgres(text: str) -> str:
    """Return `host:port`, with PostgreSQL's default port if none is given.

    Raises:
        UnreadableAddress: It has another form.
    """
    found = _host_and_port(text, "is not host:port")
    return found if re.search(r":[0-9]+$", found) else f"{found}:{_POSTGRES_PORT}"


def _host_and_port(text: str, what: str) -> str:
    form = _HOST_AND_PORT.fullmatch(text)
    if form is None or not _is_port(form["port"]):
        raise UnreadableAddress(what, "write host:port, without a scheme and a path")
    return text


def _is_port(text: str | None) -> bool:
    return text is None or 0 < int(text) <= _HIGHEST_PORT


def _url(pages: str, text: str) -> str:
    """Return a URL without a trailing slash; its path may be that of a gateway.

    Args:
        pages: Pattern of the server's own paths, which the harness appends.
        text: The URL.

    Raises:
        UnreadableAddress: It is invalid, or has more than the server's address.
    """
    remedy = "write http://host:port"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UnreadableAddress("is not a URL", remedy) from None
    plain = parts.scheme in _SCHEMES and parts.hostname and port != 0
    if not plain or re.search(r"[\s\\]", text):
        raise UnreadableAddress("is not a URL", remedy)
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise UnreadableAddress("has a query or a fragment, but paths are appended to it", remedy)
    page = re.search(rf"/({pages})(/|$)", parts.path)
    if page:
        raise UnreadableAddress(
            f"points to the page {page[0]} instead of the server", f"{remedy}, without {page[0]}"
        )
    return parts._replace(path=parts.path.rstrip("/")).geturl()


connect = partial(_url, "connectors|connector-plugins")
consumer = partial(_url, "metrics|readyz|healthz")
toxiproxy = partial(_url, "proxies|version|metrics")
prometheus = partial(_url, "api/v1|metrics|graph|query|-")
