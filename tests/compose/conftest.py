"""The compose stack, started for real in a copy of the checkout, where there is a Docker engine."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.stack.compose.engine import DockerEngine, find_engine
from cdc_perf.stack.compose.project import project_name
from tests.conftest import subject_missing
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv


@dataclass(frozen=True)
class Docker(Inv):
    """The command in one checkout, with this machine's Docker."""

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "DOCKER_HOST": os.environ.get("DOCKER_HOST", "")}

    @property
    def project(self) -> str:
        return project_name(self.checkout)


def docker(*words: str, env: Mapping[str, str] | None = None) -> str:
    return process.run(["docker", *words], env=env, timeout_seconds=120).output


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> DockerEngine:
    try:
        return find_engine(os.environ)
    except StackFailure as failure:
        subject_missing(request.config, failure.message)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("compose")


@pytest.fixture(scope="session")
def started(engine: DockerEngine, folder: Path) -> Iterator[tuple[Docker, str]]:
    """The stack, up, and what the command said."""
    inv = Docker(copy_checkout(folder / "checkout"))
    said = inv("up", "--stack", "compose")
    assert said.exit_code == 0, said.output
    yield inv, said.output
    inv("down", "--stack", "compose")


@pytest.fixture
def inv(started: tuple[Docker, str]) -> Docker:
    return started[0]
