"""The load as data: workload.toml and the source's catalog become the plan that k6 executes."""
