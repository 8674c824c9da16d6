"""Invoke's entry: `inv --list` shows what there is."""

from invoke import Collection

from scripts.tasks import connector, doctor, perf, stack, tools

namespace = Collection(stack.up, stack.down, stack.status, stack.logs, perf.perf, doctor.doctor)
namespace.add_collection(Collection.from_module(connector), name="connector")
namespace.add_collection(Collection.from_module(tools), name="tools")
