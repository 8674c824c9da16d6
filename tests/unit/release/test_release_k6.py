"""The binaries of a release: two builds in different folders must have equal bytes."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.release import k6
from cdc_perf.settings.paths import Checkout
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.released import Release


@pytest.fixture
def build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Path, str], str]], Release]:
    """Return the build of a release whose compiler is a function of folder and platform."""
    root = tmp_path / "checkout"
    (root / "requirements").mkdir(parents=True)
    (root / "k6").mkdir()
    for name in ("go.mod", "go.sum", "main.go"):
        (root / "k6" / name).write_text(name, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    toolchain = SimpleNamespace(tool=None, executable=lambda _: Path("go"))
    monkeypatch.setattr(k6, "pinned_toolchain", lambda _: toolchain)

    def run(content: Callable[[Path, str], str]) -> Release:
        def compile_k6(
            module: Path, target: Path, _go: Path, env: Mapping[str, str], _note: object
        ) -> None:
            assert env["CGO_ENABLED"] == "0"
            assert Path(env["GOCACHE"]).is_relative_to(module.parent)
            # Go writes relative to the module.
            assert target.is_absolute()
            target.write_text(content(module, env["GOARCH"]), encoding="utf-8")

        monkeypatch.setattr(k6, "compile_k6", compile_k6)
        return k6.build_released_k6(
            Checkout.at(root, {}),
            Cache(tmp_path / "cache"),
            Path("dist"),
            repository="owner/name",
            tag="v0.1.0",
        )

    return run


def test_the_lock_file_names_source_and_binaries(
    build: Callable[[Callable[[Path, str], str]], Release], tmp_path: Path
) -> None:
    made = build(lambda _, architecture: architecture)
    assert made.k6_sha256 == {
        f"linux-{x}": hashlib.sha256(x.encode()).hexdigest() for x in ("amd64", "arm64")
    }
    assert sorted(path.name for path in (tmp_path / "dist").iterdir()) == [
        *("k6-linux-amd64", "k6-linux-arm64")
    ]
    lock = tmp_path / "checkout" / "requirements" / "release.json"
    assert Release.read(lock) == made
    assert made.k6_digest(made.k6_source) in made.k6_sha256.values()


def test_builds_that_differ_are_refused(
    build: Callable[[Callable[[Path, str], str]], Release], tmp_path: Path
) -> None:
    with pytest.raises(StackFailure, match="k6 for linux-amd64: 2 builds differ"):
        build(lambda module, _: str(module))
    assert not list((tmp_path / "dist").iterdir())
    assert not (tmp_path / "checkout" / "requirements" / "release.json").exists()
