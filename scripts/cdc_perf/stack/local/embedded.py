"""The embedded stack of a checkout, built from its tools."""

from collections.abc import Mapping
from dataclasses import dataclass

from cdc_perf.installation import IS_INSTALLED, installed_version
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.jvm import Java
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.observe import PROMETHEUS, Observers, find_prometheus
from cdc_perf.stack.local.proxies import TOXIPROXY
from cdc_perf.stack.local.tool_paths import Installed
from cdc_perf.stack.local.training import storage_tool, training_tool
from cdc_perf.tools.cache import Cache, Tool
from cdc_perf.tools.catalogue import Catalogue, catalogue
from cdc_perf.tools.install import install_all
from cdc_perf.tools.jars import JMX_AGENT, plugin_tools
from cdc_perf.tools.toxiproxy import PROGRAM, VERSION, toxiproxy_tool


@dataclass(frozen=True)
class EmbeddedTools:
    """The tools of the embedded stack and of the load.

    Attributes:
        programs: The tools of the checkout.
        storage: Kafka's formatted storage.
        jvm_caches: The caches of the two JVMs.
        plugins: The plugins of the pipeline's Connect worker, by name.
    """

    programs: Catalogue
    storage: Tool
    jvm_caches: Tool
    plugins: Mapping[str, Tool]

    @classmethod
    def of(cls, checkout: Checkout, pipeline: Pipeline, cache: Cache) -> "EmbeddedTools":
        """Return the tools of a checkout and of a pipeline.

        Raises:
            StackFailure: A lock file or a source is missing.
        """
        programs = catalogue(checkout.root, cache)
        storage = storage_tool(programs)
        plugins = plugin_tools(checkout, pipeline)
        return cls(programs, storage, training_tool(programs, storage, checkout), plugins)

    @property
    def all(self) -> tuple[Tool, ...]:
        """Every tool, in display order."""
        x = self.programs
        return (
            *(x.postgres, x.java, x.kafka, x.mongodb, x.k6, self.storage, self.jvm_caches),
            *self.plugins.values(),
        )


def component_versions(programs: Catalogue) -> dict[str, str]:
    """Return the version of each component."""
    return {
        "postgres": programs.postgres.version,
        "kafka": programs.kafka.version.split()[0],
        "connect": programs.kafka.version,
        "mongodb": programs.mongodb.version,
        "consumer": installed_version() if IS_INSTALLED else "this checkout",
    }


def local_stack(checkout: Checkout, pipeline: Pipeline, cache: Cache) -> LocalStack:
    """Return the embedded stack of a checkout; its tools are installed when it starts."""

    def install(*, observe: bool, proxied: bool) -> tuple[Installed, dict[str, str]]:
        prometheus = find_prometheus() if observe else None
        tools = EmbeddedTools.of(checkout, pipeline, cache)
        programs = tools.programs
        # Training takes longer than the caches save in one start. So the first start does without.
        with_caches = cache.has(programs.kafka)
        wanted = (x for x in tools.all if with_caches or x is not tools.jvm_caches)
        toxiproxy = toxiproxy_tool(checkout.root, cache) if proxied else None
        further = (programs.jmx_agent if observe else None, toxiproxy)
        install_all(cache, (*wanted, *(tool for tool in further if tool is not None)))
        observers = None
        if prometheus is not None:
            observers = Observers(
                *prometheus,
                jmx_agent=cache.path(programs.jmx_agent) / JMX_AGENT,
                settings=checkout.prometheus,
            )
        installed = Installed(
            postgres=cache.path(programs.postgres),
            java=Java(
                home=cache.path(programs.java),
                jars=cache.path(programs.kafka),
                caches=cache.path(tools.jvm_caches) if with_caches else None,
            ),
            storage=cache.path(tools.storage),
            mongodb=cache.path(programs.mongodb),
            k6=cache.path(programs.k6) / "k6",
            observers=observers,
            plugins={name: cache.path(tool) for name, tool in tools.plugins.items()},
            toxiproxy=cache.path(toxiproxy) / PROGRAM if toxiproxy is not None else None,
        )
        versions = component_versions(programs)
        if observers is not None:
            versions[PROMETHEUS] = observers.version
        if toxiproxy is not None:
            versions[TOXIPROXY] = VERSION
        return installed, versions

    return LocalStack(checkout, pipeline, Layout(checkout.stack), install)
