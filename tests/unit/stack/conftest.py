"""The committed pipeline, and the addresses of a stack that does not run."""

from pathlib import Path

import pytest

from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.endpoints import Endpoints, names_in


@pytest.fixture
def pipeline() -> Pipeline:
    return load_pipeline(Checkout.at(Path(__file__).parents[3], {}))


@pytest.fixture
def endpoints(pipeline: Pipeline) -> Endpoints:
    return Endpoints(
        **names_in(pipeline),
        postgres_dsn="postgresql://cdc@127.0.0.1:20001/cdc",
        kafka_bootstrap="127.0.0.1:20002",
        connect_url="http://127.0.0.1:20003",
        mongodb_uri="mongodb://127.0.0.1:20004",
        consumer_url="http://127.0.0.1:20005",
    )
