"""The real stack, started once for all integration tests, in a copy of the checkout.

In a copy: a stack that a developer has up in the checkout is left alone, and a test may break a
settings file.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc_perf.settings.paths import Checkout, results_folders
from cdc_perf.settings.pipeline import Pipeline
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.endpoints import Endpoints
from cdc_perf.stack.local.backend import LocalStack
from cdc_perf.stack.local.embedded import EmbeddedTools, local_stack
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.install import install_all
from cdc_perf.workload.by_hand import write_plans

ROOT = Path(__file__).parents[2]
# Among them what other workers write meanwhile: caches, and the examples of hypothesis.
_LEFT_OUT = shutil.ignore_patterns(
    *(".git", ".nox", ".venv", ".stack", ".hypothesis", "*_cache", "__pycache__")
)


# By pipeline.toml, Debezium polls 300 times a second: a quarter of a core while nothing happens.
# A test waits a little longer for an event, and several stacks are up at once.
POLL = '"poll.interval.ms" = "20"'
_POLL_OF_THE_PROJECT = '"poll.interval.ms" = "3"'


def copy_checkout(target: Path) -> Checkout:
    """Copy what a clone would have, as far as running needs it, with a calmer connector."""
    results = {str(path) for path in results_folders(ROOT)}
    shutil.copytree(
        ROOT,
        target,
        ignore=lambda folder, names: names if folder in results else _LEFT_OUT(folder, names),
    )
    copy = Checkout.at(target, {})
    settings = copy.pipeline_file.read_text(encoding="utf-8")
    assert settings.count(_POLL_OF_THE_PROJECT) == 1
    calmer = settings.replace(_POLL_OF_THE_PROJECT, POLL)
    copy.pipeline_file.write_text(calmer, encoding="utf-8")
    return copy


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return copy_checkout(tmp_path_factory.mktemp("integration") / "checkout")


@pytest.fixture(scope="session")
def pipeline(checkout: Checkout) -> Pipeline:
    return load_pipeline(checkout)


@pytest.fixture(scope="session")
def k6(checkout: Checkout, pipeline: Pipeline) -> Path:
    cache = Cache.of_environment()
    tool = EmbeddedTools.of(checkout, pipeline, cache).programs.k6
    install_all(cache, (tool,))
    return cache.path(tool) / "k6"


@pytest.fixture(scope="session")
def stack(checkout: Checkout, pipeline: Pipeline) -> Iterator[LocalStack]:
    stack = local_stack(checkout, pipeline, Cache.of_environment())
    stack.up()
    found = stack.endpoints()
    assert found is not None
    write_plans(checkout, pipeline, found.postgres_dsn)
    yield stack
    stack.down()


@pytest.fixture(scope="session")
def endpoints(stack: LocalStack) -> Endpoints:
    found = stack.endpoints()
    assert found is not None
    return found
