"""The consumer's image: of the release where cdc-perf is installed, else built."""

from pathlib import Path

import msgspec
import pytest

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.compose import start
from cdc_perf.stack.compose.cli import Compose
from cdc_perf.stack.compose.engine import DockerEngine
from cdc_perf.stack.compose.project import ComposeProject
from cdc_perf.stack.compose.start import ComposeStarter
from cdc_perf.tools.released import LOCK_FILE, Release

IMAGE = f"ghcr.io/owner/name/consumer@sha256:{'a' * 64}"
PULL = f"docker pull --quiet {IMAGE}"
TAG = f"docker tag {IMAGE} shop-cdc-consumer"
BUILD = "docker compose --project-name shop --ansi never build cdc-consumer"


def no_engine() -> DockerEngine:
    raise AssertionError("the engine is not asked")


def commands(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, installed: bool, image: str, fails: str = ""
) -> list[str]:
    """Return the commands that get the image; one of them may fail."""
    ran: list[str] = []

    def run(argv: list[str], **_: object) -> process.Completed:
        ran.append(" ".join(argv))
        if fails and fails in argv:
            raise StackFailure("docker pull ended with exit code 1")
        return process.Completed(tuple(argv), 0, "", ())

    monkeypatch.setattr(process, "run", run)
    monkeypatch.setattr(start, "IS_INSTALLED", installed)
    (folder / "requirements").mkdir()
    release = Release(images={"consumer": image} if image else {})
    (folder / "requirements" / LOCK_FILE).write_bytes(msgspec.json.encode(release))
    checkout, pipeline = Checkout.at(folder, {}), load_pipeline(Checkout.here())
    project = ComposeProject(checkout, pipeline, no_engine)
    starter = ComposeStarter(checkout, pipeline, project, lambda: folder, dict)
    starter._get_consumer(Compose(folder, "shop", {}))  # noqa: SLF001 - one step of the start
    return ran


def test_an_installed_release_takes_its_image_by_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert commands(tmp_path, monkeypatch, installed=True, image=IMAGE) == [PULL, TAG]


def test_an_image_that_cannot_be_pulled_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = commands(tmp_path, monkeypatch, installed=True, image=IMAGE, fails="pull")
    assert ran == [PULL, BUILD]


@pytest.mark.parametrize(("installed", "image"), [(False, IMAGE), (True, "")])
def test_a_checkout_and_a_version_without_a_release_build_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    installed: bool,  # noqa: FBT001 - a parameter
    image: str,
) -> None:
    assert commands(tmp_path, monkeypatch, installed=installed, image=image) == [BUILD]
