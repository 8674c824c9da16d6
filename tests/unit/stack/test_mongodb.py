from pathlib import Path

import msgspec
import pytest

from cdc_perf import process
from cdc_perf.errors import UsageFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline import LocalStackSettings, Pipeline, Stacks
from cdc_perf.stack.local import mongodb
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.mongodb import MongoServer, find_server


@pytest.fixture
def mongod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `mongod` that is not on PATH, and says its version when it is asked."""
    program = tmp_path / "bin" / "mongod"
    program.parent.mkdir()
    program.touch(0o755)

    def run(argv: list[str], **_options: object) -> process.Completed:
        assert argv == [str(program), "--version"]
        return process.Completed((), 0, "db version v8.2.1\nBuild Info: {}", ())

    monkeypatch.setattr(process, "run", run)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    return program


def test_a_given_mongod_is_taken(mongod: Path) -> None:
    assert find_server(str(mongod), "0.8.1") == MongoServer("mongod 8.2.1", mongod)


def test_a_mongod_on_path_is_taken(mongod: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(mongod.parent))
    assert find_server("", "0.8.1").mongod == mongod


@pytest.mark.usefixtures("mongod")
def test_without_a_mongod_the_stand_in_says_that_it_is_one() -> None:
    assert find_server("", "0.8.1") == MongoServer("nx-27017 0.8.1 (stand-in)", None)


def test_a_given_mongod_that_cannot_be_run_is_refused(mongod: Path) -> None:
    mongod.chmod(0o644)
    with pytest.raises(UsageFailure, match=f"mongod: {mongod} does not exist or is not executable"):
        find_server(str(mongod), "0.8.1")


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (None, ""),
        ("bin/mongod", "/checkout/pipelines/sample/bin/mongod"),
        ("/usr/bin/mongod", "/usr/bin/mongod"),
    ],
)
def test_a_given_path_is_relative_to_the_folder(
    pipeline: Pipeline, given: str | None, path: str
) -> None:
    changed = msgspec.structs.replace(
        pipeline, stacks=Stacks(local=LocalStackSettings(mongod=given))
    )
    assert mongodb.configured(Checkout.at(Path("/checkout"), {}), changed) == path


@pytest.mark.parametrize("server", [MongoServer("mongod", Path("/m")), MongoServer("nx", None)])
def test_either_server_listens_on_the_loopback_interface_alone(
    tmp_path: Path, server: MongoServer
) -> None:
    layout = Layout(tmp_path)
    program = mongodb.program(layout, server, tmp_path / "installed", 20_004)
    words = [str(word) for word in program.argv]
    assert words[words.index("--port") + 1] == "20004"
    assert "127.0.0.1" in words
    assert str(layout.data / "mongodb") in words
    assert (layout.data / "mongodb").is_dir()
