"""Images of a release: pushed by digest on each platform, then joined under one name."""

import json
from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.release.images import join_images, push_image
from cdc_perf.tools.released import this_platform

DIGEST = f"sha256:{'b' * 64}"
CONSUMER = f"ghcr.io/owner/name/consumer@{DIGEST}"


class Docker:
    """Replaces docker: names a digest for every image."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, digest: str = DIGEST) -> None:
        self.commands: list[list[str]] = []
        self._digest = digest
        monkeypatch.setattr(process, "run", self._run)

    def _run(self, argv: list[object], **_: object) -> process.Completed:
        words = [str(x) for x in argv]
        self.commands.append(words)
        if "--metadata-file" in words:
            metadata = Path(words[words.index("--metadata-file") + 1])
            metadata.write_text(json.dumps({"containerimage.digest": self._digest}))
        return process.Completed(tuple(words), 0, f"{self._digest}\n", ())


def test_an_image_is_pushed_without_a_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker = Docker(monkeypatch)
    assert push_image(tmp_path, "consumer", "Owner/Name", tmp_path) == CONSUMER
    (words,) = docker.commands
    image = "ghcr.io/owner/name/consumer"
    assert f"type=image,name={image},push-by-digest=true,push=true" in words
    assert words[words.index("--file") + 1] == str(tmp_path / "src" / "Dockerfile")
    written = tmp_path / f"image-consumer-{this_platform()}.txt"
    assert written.read_text(encoding="utf-8") == f"{CONSUMER}\n"


def test_the_images_of_all_platforms_get_one_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = Docker(monkeypatch)
    for name in ("consumer", "k6"):
        for platform in ("linux-amd64", "linux-arm64"):
            reference = f"ghcr.io/owner/name/{name}@{platform}"
            (tmp_path / f"image-{name}-{platform}.txt").write_text(f"{reference}\n")
    joined = join_images("owner/name", "v1.2.3", tmp_path)
    assert joined == {x: f"ghcr.io/owner/name/{x}@{DIGEST}" for x in ("consumer", "k6")}
    create = docker.commands[0]
    assert create[-4:] == [
        "--tag",
        "ghcr.io/owner/name/consumer:v1.2.3",
        "ghcr.io/owner/name/consumer@linux-amd64",
        "ghcr.io/owner/name/consumer@linux-arm64",
    ]
    assert json.loads((tmp_path / "images.json").read_bytes()) == joined


def test_what_docker_does_not_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Docker(monkeypatch, "latest")
    with pytest.raises(StackFailure, match="does not name the digest"):
        push_image(tmp_path, "k6", "owner/name", tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StackFailure, match="has no image consumer"):
        join_images("owner/name", "v1.2.3", tmp_path)
