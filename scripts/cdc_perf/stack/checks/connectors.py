"""Checks of the connectors: their plugins, the deployed configuration, and their tasks."""

import re
from collections.abc import Iterator, Mapping

from cdc_perf.errors import SettingFailure, StackFailure
from cdc_perf.installation import COMMAND
from cdc_perf.settings.connector_rules import Readers, connector_faults
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.table_name import TableName
from cdc_perf.stack.checks.collecting import raise_all
from cdc_perf.stack.connect_api import ConnectApi, Rebalancing, Unreachable
from cdc_perf.stack.connector_health import SINK_CONNECTOR, ConnectorHealth, assess
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.waiting import NotReady

_REMEDY = f"change it there ({COMMAND} connector.deploy --stack external), or in pipeline.toml"
_NO_ADDRESS = "no address of Kafka Connect is given"
_MOST_LISTED = 5


def expect_deployed(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Return if the connector captures the tables into the topics in a supported form.

    Raises:
        NotReady: Kafka Connect has no address or no answer.
        StackFailure: It does not, or there is no such connector.
    """
    name = pipeline.connector.name
    if not endpoints.connect_url:
        raise NotReady(_NO_ADDRESS)
    try:
        config = ConnectApi.of(endpoints).config(name)
    except (Rebalancing, Unreachable) as reason:
        raise NotReady(str(reason)) from None
    if config is None:
        raise absent(assess(name, None), endpoints)
    raise_all(
        [
            SettingFailure(f"connector {name}: {fault}", hint=_REMEDY)
            for fault in deployed_faults(pipeline, config)
        ]
    )


def absent(health: ConnectorHealth, endpoints: Endpoints) -> StackFailure:
    """Return the failure of a connector that Kafka Connect does not have, with those that it has.

    A connector with another name may capture the same database: a deployment would add a second
    one. So the remedy names a deployment only if there is no connector at all.
    """
    section = "sink_connector" if health.role == SINK_CONNECTOR else "connector"
    what = f"pipeline.toml: {section}.name: Kafka Connect has no connector {health.name}"
    there = connector_names(endpoints)
    if not there:
        return StackFailure(f"{what}, and no other one", hint=health.remedy)
    more = len(there) - _MOST_LISTED
    names = ", ".join(there[:_MOST_LISTED]) + (f", and {more} more" if more > 0 else "")
    hint = "use the name of the connector of this pipeline"
    return SettingFailure(f"{what}; it has {names}", hint=hint)


def connector_names(endpoints: Endpoints) -> tuple[str, ...]:
    """Return the names of all connectors; none if Kafka Connect does not answer."""
    try:
        return tuple(sorted(ConnectApi.of(endpoints).configs())) if endpoints.connect_url else ()
    except (StackFailure, Rebalancing, Unreachable):
        return ()


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
