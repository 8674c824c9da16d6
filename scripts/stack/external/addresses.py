"""The addresses of an external stack: of pipeline.toml, and of the environment, which wins."""

from collections.abc import Mapping

import msgspec
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from scripts.errors import UsageFailure
from scripts.settings.pipeline import Pipeline
from scripts.stack.endpoints import Endpoints

_SECTION = "pipeline.toml: stacks.external"
# k6 writes to the first and reads from the last, and what lies between is checked for losses.
_NEEDED = ("postgres_dsn", "kafka_bootstrap", "mongodb_uri")


def variable(name: str) -> str:
    """Return the variable that goes before a setting of [stacks.external]."""
    return f"CDC_{name.upper()}"


def addresses(pipeline: Pipeline, environment: Mapping[str, str]) -> Endpoints:
    """Return the addresses; those that were not given are empty.

    Raises:
        UsageFailure: One that is needed is missing, one cannot be read, or a file holds a password.
    """
    given = msgspec.structs.asdict(pipeline.stacks.external)
    _refuse_passwords(given)
    found = {name: environment.get(variable(name)) or value for name, value in given.items()}
    for name in _NEEDED:
        if not found[name]:
            raise UsageFailure(
                f"--stack external: {name} is not given",
                hint=f"set {variable(name)}, or {name} in [stacks.external] of pipeline.toml",
            )
    _check(found)
    return Endpoints(
        stack="external",
        connector=pipeline.connector.name,
        mongodb_database=pipeline.mongodb.database,
        **found,
    )


def _refuse_passwords(given: Mapping[str, str]) -> None:
    """Refuse a secret in a file that is committed."""
    for name, text in given.items():
        user = text.partition("://")[2].rpartition("@")[0]
        if ":" in user or "password" in text:
            raise UsageFailure(
                f"{_SECTION}.{name}: holds a password",
                hint=f"take it out, and set {variable(name)} in the environment",
            )


def _check(found: Mapping[str, str]) -> None:
    """Refuse what cannot be read as an address, without showing it: it may hold a secret."""
    try:
        postgres = conninfo_to_dict(found["postgres_dsn"])
    except ProgrammingError:
        postgres = {}
    if not postgres.get("host"):
        raise UsageFailure(
            f"{variable('postgres_dsn')}: is no address of PostgreSQL",
            hint="write postgresql://user@host:5432/database",
        )
    try:
        parse_uri(found["mongodb_uri"], validate=False)
    except (PyMongoError, ValueError):
        raise UsageFailure(
            f"{variable('mongodb_uri')}: is no address of MongoDB",
            hint="write mongodb://host:27017",
        ) from None
    for name in ("connect_url", "consumer_url", "prometheus_url"):
        if found[name] and not found[name].startswith(("http://", "https://")):
            raise UsageFailure(
                f"{variable(name)}: {found[name]!r} is no URL", hint="write http://host:port"
            )
