import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from cdc_perf.tools.cache import Cache
from tests.workflow.act import Repository, make_source
from tests.workflow.fake_github import FakeGitHub


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home folder whose tool cache is the one of this machine.

    Not pytest's: PostgreSQL, which root may not run, has to get through to it as another user.
    """
    with tempfile.TemporaryDirectory(prefix="cdc-perf-home-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        (home / ".cache").mkdir()
        (home / ".cache" / "cdc-perf").symlink_to(Cache.of_environment().root)
        yield home


@pytest.fixture
def repository(tmp_path: Path, home: Path, source: Path) -> Repository:
    return Repository.make(tmp_path, home, source)


@pytest.fixture
def shop(repository: Repository) -> Repository:
    """A repository of others with the sample as its pipeline."""
    return Repository.make_other(repository, repository.path / "pipelines" / "sample")


@pytest.fixture
def github(httpserver: HTTPServer) -> FakeGitHub:
    github = FakeGitHub(httpserver)
    github.serve()
    return github
