"""The checks in their order. Each raises at the first problem and changes nothing."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from cdc_perf.errors import StackFailure
from cdc_perf.settings.connector_rules import Readers, connector_faults, connector_warnings
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.table_name import TableName
from cdc_perf.stack import connector, source
from cdc_perf.stack.checks.capture import ANY_SOURCE, Check, expect_capturable
from cdc_perf.stack.checks.publication import expect_publication
from cdc_perf.stack.checks.sink_tables import expect_declared
from cdc_perf.stack.checks.targets import expect_targets
from cdc_perf.stack.checks.toast import every_lost_toast
from cdc_perf.stack.connect_api import ConnectApi, Rebalancing, Unreachable
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady

_REMEDY = "change it there (inv connector.deploy --stack external), or in pipeline.toml"


def check_pipeline(
    pipeline: Pipeline, endpoints: Endpoints, checks: tuple[Check, ...] = ANY_SOURCE
) -> None:
    """Raise StackFailure if tables, publication, or collections do not match pipeline.toml.

    It skips a component that does not answer: the health check and the gates report it.

    Args:
        pipeline: The pipeline.
        endpoints: Its addresses.
        checks: Checks of the source; the publication is checked after them.

    Raises:
        StackFailure: The first problem.
    """
    with suppress(NotReady), source.connect(endpoints.postgres_dsn) as connection:
        expect_capturable(connection, pipeline, checks)
        expect_publication(connection, pipeline)
        expect_declared(connection, pipeline)
    with suppress(NotReady):
        expect_targets(pipeline, endpoints)


def warnings(pipeline: Pipeline, endpoints: Endpoints) -> Iterator[str]:
    """Return warnings about an external pipeline, which its owners may ignore.

    Its tables may lose TOASTed values: they may contain none that large, and the data-loss check
    detects a loss. Its connector may omit the order of commits.
    """
    with suppress(NotReady), source.connect(endpoints.postgres_dsn) as connection:
        for each in every_lost_toast(connection, pipeline):
            yield f"warning: {each}; remedy: {each.remedy}"
    yield from connector_warnings(connector.deployed_config(pipeline, endpoints))


def check_connector(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Raise StackFailure if a deployed connector contradicts pipeline.toml.

    Raises:
        StackFailure: The first contradiction.
    """
    with suppress(NotReady):
        expect_deployed(pipeline, endpoints)


def expect_deployed(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Return if the connector captures the tables into the topics in a supported form.

    Raises:
        NotReady: Kafka Connect has no address, no such connector, or no answer.
        StackFailure: It does not.
    """
    name = pipeline.connector.name
    try:
        config = ConnectApi.of(endpoints).config(name) if endpoints.connect_url else None
    except (Rebalancing, Unreachable) as reason:
        raise NotReady(str(reason)) from None
    if config is None:
        raise NotReady(f"there is no connector {name}")
    for fault in deployed_faults(pipeline, config):
        raise StackFailure(f"connector {name}: {fault}", hint=_REMEDY)


def deployed_faults(pipeline: Pipeline, config: Mapping[str, str]) -> Iterator[str]:
    """Return the contradictions between a connector's configuration and pipeline.toml."""
    postgres = pipeline.postgres
    for setting, ours in (
        ("topic.prefix", pipeline.kafka.topic_prefix),
        ("slot.name", postgres.slot),
        ("publication.name", postgres.publication),
        ("database.dbname", postgres.database),
    ):
        theirs = config.get(setting, "nothing")
        if theirs != ours:
            yield f"{setting} is {theirs}, but pipeline.toml has {ours}"
    for table in pipeline.tables:
        if not captured(config, table.name):
            yield f"does not capture {table.table}: its lists of schemas and tables exclude it"
    # Any lists are valid if they capture the tables.
    lists = re.compile(r"(?:table|schema)\.(?:in|ex)clude\.list")
    others = {name: value for name, value in config.items() if not lists.fullmatch(name)}
    for setting, fault in connector_faults(others, Readers.of(pipeline)):
        yield f"{setting}: {fault}"


def captured(config: Mapping[str, str], name: TableName) -> bool:
    """Return whether the connector's lists include a table.

    The lists contain regular expressions, which Debezium matches ignoring case.
    """
    tables, schemas = f"{name.schema}.{name.name}", name.schema
    return all(
        _matches(config.get(f"{kind}.include.list", ".*"), text)
        and not _matches(config.get(f"{kind}.exclude.list", ""), text)
        for kind, text in (("schema", schemas), ("table", tables))
    )


def _matches(patterns: str, text: str) -> bool:
    r"""Return whether one of a list of Java patterns matches; `\,` does not separate patterns."""
    for part in re.split(r"(?<!\\),", patterns):
        pattern = part.strip().replace(r"\,", ",")
        # Java's escape of a character by its code point.
        pattern = re.sub(r"\\x\{([0-9a-fA-F]+)\}", lambda x: re.escape(chr(int(x[1], 16))), pattern)
        try:
            if pattern and re.fullmatch(pattern, text, re.IGNORECASE):
                return True
        except re.error:
            # Python cannot compile the pattern, so it may match.
            return True
    return False
