"""Ahead-of-time caches for the two JVMs, from one training run of the embedded stack.

With a cache (JEP 483 and 514: classes loaded and linked, methods profiled) a JVM of the stack
starts in half the time. The training run includes the first events, because they must be fast too.

The training run is of the sample pipeline, whatever the pipeline under test: the caches contain
only classes of the class path, which is the same for every pipeline. Plugins are not on it.
"""

import hashlib
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from cdc_perf.errors import StackFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack import canary
from cdc_perf.stack.component_specs import JVMS
from cdc_perf.stack.local import jvm
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.supervisor import Supervisor
from cdc_perf.stack.local.tool_paths import Installed
from cdc_perf.terminal import progress_to
from cdc_perf.tools.cache import Note, Tool
from cdc_perf.tools.catalogue import Catalogue

_EVENTS = 20


def storage_tool(catalogue: Catalogue) -> Tool:
    """Return the tool for Kafka's formatted storage."""

    def build(folder: Path, needs: Mapping[str, Path], _note: Note) -> None:
        java = jvm.Java(needs[catalogue.java.name], needs[catalogue.kafka.name], None)
        jvm.format_storage(java, folder)

    return Tool(
        name="Kafka storage",
        version=catalogue.kafka.version.split()[0],
        key=f"kafka-storage-{_digest(catalogue)}",
        seconds=6,
        build=build,
        needs=(catalogue.java, catalogue.kafka),
    )


def training_tool(catalogue: Catalogue, storage: Tool, checkout: Checkout) -> Tool:
    """Return the tool for the caches, which are valid for one Java, class path, and flags."""

    def build(folder: Path, needs: Mapping[str, Path], note: Note) -> None:
        java = jvm.Java(
            needs[catalogue.java.name], needs[catalogue.kafka.name], folder, training=True
        )
        installed = Installed(
            postgres=needs[catalogue.postgres.name],
            java=java,
            storage=needs[storage.name],
            mongodb=needs[catalogue.mongodb.name],
            k6=None,
            observers=None,
        )
        layout = Layout(folder / "stack")
        versions = {"mongodb": catalogue.mongodb.version}

        def install(*, observe: bool, proxied: bool) -> tuple[Installed, dict[str, str]]:
            del observe, proxied  # a training run is an ordinary start
            return installed, versions

        sample = Checkout.at(checkout.root, {})
        pipeline = load_pipeline(sample)
        stack = LocalStack(sample, pipeline, layout, install)
        supervisor = Supervisor(layout)
        try:
            # The stack's messages are the progress of this tool.
            with progress_to(note):
                endpoints = stack.up()
            for number in range(_EVENTS):
                canary.run_canary(pipeline, endpoints)
                note(f"{number + 1} of {_EVENTS} events in the training run")
            note("the JVMs write their caches")
            # Clients first.
            for name in reversed(JVMS):
                supervisor.stop_program(name)
        except BaseException:
            with progress_to(lambda _line: None):
                stack.abandon()
            raise
        with progress_to(note):
            stack.down()
        shutil.rmtree(layout.root)
        missing = [x for x in JVMS if not (folder / f"{x}.aot").is_file()]
        if missing:
            raise StackFailure(f"the training run wrote no cache for {' and '.join(missing)}")

    return Tool(
        name="JVM caches",
        version=catalogue.java.version,
        key=f"jvm-caches-{_digest(catalogue)}",
        seconds=40,
        build=build,
        needs=(catalogue.postgres, catalogue.java, catalogue.kafka, catalogue.mongodb, storage),
    )


def _digest(catalogue: Catalogue) -> str:
    parts = (catalogue.java.key, catalogue.kafka.key, *jvm.FLAGS, sys.platform)
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]
