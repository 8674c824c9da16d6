"""The committed pipeline, and the addresses of a stack that does not run."""

from pathlib import Path

import pytest

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.endpoints import Endpoints


@pytest.fixture
def pipeline() -> Pipeline:
    return load_pipeline(Checkout.at(Path(__file__).parents[3], {}))


@pytest.fixture
def endpoints() -> Endpoints:
    return Endpoints(
        postgres_dsn="postgresql://cdc@127.0.0.1:20001/cdc",
        kafka_bootstrap="127.0.0.1:20002",
        connect_url="http://127.0.0.1:20003",
        connector="postgres-cdc-connector",
        mongodb_uri="mongodb://127.0.0.1:20004",
        mongodb_database="cdc",
        consumer_url="http://127.0.0.1:20005",
    )
