"""Invoke's entry point; `inv --list` lists the tasks."""

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - Invoke itself runs with older ones
    sys.stderr.write(f"cdc-perf needs Python 3.11 or newer; this is {sys.version.split()[0]}\n")
    raise SystemExit(2)


sys.path.insert(0, str(Path(__file__).parent / "scripts"))

from cdc_perf.tasks.namespace import make_namespace

namespace = make_namespace()
