"""The pipeline's own consumer, run from the checkout's sources."""

import sys
from pathlib import Path

from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.program import Program


def program(root: Path, pipeline: Path, endpoints: Endpoints, port: int) -> Program:
    """Return the program of cdc-consumer."""
    return Program(
        name="consumer",
        argv=(sys.executable, "-m", "cdc_consumer", pipeline),
        environment={
            "PYTHONPATH": str(root / "src"),
            "PYTHONNOUSERSITE": "1",
            "PYTHONUNBUFFERED": "1",
            "CDC_KAFKA_BOOTSTRAP": endpoints.kafka_bootstrap,
            "CDC_MONGODB_URI": endpoints.mongodb_uri,
            # The only consumer of its group.
            "CDC_GROUP_INSTANCE_ID": "cdc-consumer-1",
            "CDC_HTTP_LISTEN": f"127.0.0.1:{port}",
        },
    )
