"""Invoke's entry: `inv --list` shows what there is."""

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - Invoke itself runs with older ones
    sys.stderr.write(f"cdc-perf needs Python 3.11 or newer, this is {sys.version.split()[0]}\n")
    raise SystemExit(2)

from invoke import Collection

sys.path.insert(0, str(Path(__file__).parent / "scripts"))

from cdc_perf.tasks import (
    ci,
    connector,
    dashboards,
    doctor,
    help_option,
    integrity,
    perf,
    publish,
    report,
    runs,
    schemas,
    selftest,
    stack,
    tools,
    workflow,
)

help_option.install()
namespace = Collection(
    *(stack.up, stack.down, stack.status, stack.logs, perf.perf, doctor.doctor),
    integrity.integrity,
    *(
        report.report,
        runs.runs,
        runs.compare,
        runs.history,
        publish.publish,
        workflow.workflow,
        schemas.schemas,
        selftest.selftest,
        dashboards.dashboards,
    ),
)
namespace.add_collection(Collection.from_module(connector), name="connector")
namespace.add_collection(Collection.from_module(ci), name="ci")
namespace.add_collection(Collection.from_module(tools), name="tools")
