"""Ports of an embedded stack that does not run."""

from cdc_perf.stack.local.ports import Ports

PORTS = Ports(**{name: 20_001 + i for i, name in enumerate(Ports.__struct_fields__)})
