"""Checks that Kafka Connect can load the connectors that pipeline.toml configures."""

from cdc_perf.errors import SettingFailure, StackFailure
from cdc_perf.settings.names import nearest
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.checks.collecting import raise_all
from cdc_perf.stack.connect_api import Rebalancing, Unreachable
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.sink_connector import PluginApi, expect_class
from cdc_perf.waiting import NotReady

_CLASS = "connector.class"
_INSTALL = "install it in a folder of the worker's plugin.path, or see its log for a failed plugin"
_REMEDIES = {
    "connector": _INSTALL,
    "sink_connector": f"{_INSTALL}; if another worker runs it, replace [sink_connector] by "
    "kafka.consumer_group",
}


def expect_plugins(pipeline: Pipeline, endpoints: Endpoints) -> None:
    """Return if the worker has the classes of the connectors, or has no address.

    Raises:
        NotReady: It does not answer, or a proxy before it refuses the request.
        StackFailure: It lacks one.
    """
    if not endpoints.connect_url:
        return
    api = PluginApi(endpoints.connect_url, ca=endpoints.connect_ca)
    try:
        there = api.connector_classes()
    except (Rebalancing, Unreachable, StackFailure) as reason:
        raise NotReady(str(reason).splitlines()[0]) from None
    sections = {"connector": pipeline.connector, "sink_connector": pipeline.sink_connector}
    failures = []
    for section, connector in sections.items():
        wanted = connector.config.get(_CLASS, "") if connector else ""
        if not wanted:
            continue
        try:
            expect_class(api, wanted)
        except StackFailure as failure:
            fault = SettingFailure(
                f"pipeline.toml: {section}.config.{_CLASS}: {failure.message}; "
                f"{nearest(wanted, sorted(there))}",
                hint=_REMEDIES[section],
            )
            failures.append(fault)
    raise_all(failures)
