"""The checks in their order; each raises at the first fault, and asks without changing anything."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg

from scripts.settings.pipeline import Pipeline
from scripts.stack import source
from scripts.stack.checks.collections import expect_collections
from scripts.stack.checks.deployed import expect_deployed
from scripts.stack.checks.publication import expect_publication
from scripts.stack.checks.tables import expect_tables
from scripts.stack.endpoints import Endpoints
from scripts.waiting import NotReady

_OF_SOURCE: tuple[Callable[[psycopg.Connection[tuple[Any, ...]], Pipeline], None], ...] = (
    expect_tables,
    expect_publication,
)


def check_pipeline(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Refuse tables, a publication or collections that do not fit pipeline.toml.

    A component that does not answer is skipped: the health check and the gates report it.

    Raises:
        StackFailure: The first fault.
    """
    with suppress(NotReady), source.connect(endpoints.postgres_dsn) as connection:
        for check in _OF_SOURCE:
            check(connection, pipeline)
    with suppress(NotReady):
        expect_collections(pipeline, endpoints)


def check_connector(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Refuse a connector that contradicts pipeline.toml, where Kafka Connect has one.

    Raises:
        StackFailure: The first contradiction.
    """
    with suppress(NotReady):
        expect_deployed(pipeline, endpoints)
