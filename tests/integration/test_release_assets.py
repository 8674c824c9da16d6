"""The assets of a release, but for the binaries of k6: those of this machine stand in for them."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import msgspec
import pytest

from cdc_perf import process
from cdc_perf.release.assets import CHECKSUMS, build_assets
from cdc_perf.settings.paths import Checkout
from cdc_perf.tools.cache import Cache
from cdc_perf.tools.install import install_all
from cdc_perf.tools.k6 import k6_tool, source_digest
from cdc_perf.tools.released import LOCK_FILE, Release

ROOT = Path(__file__).parents[2]
IMAGES = {name: f"ghcr.io/owner/name/{name}@sha256:{'a' * 64}" for name in ("consumer", "k6")}


@pytest.mark.slow
def test_the_assets_describe_what_was_built(tmp_path: Path) -> None:
    root, folder, cache = tmp_path / "checkout", tmp_path / "dist", Cache.of_environment()
    process.run(["git", "clone", "--quiet", ROOT, root])
    checkout = Checkout.at(root, {})
    k6 = k6_tool(checkout.k6, root / "requirements", cache)
    install_all(cache, (k6,))
    folder.mkdir()
    binary = folder / "k6-linux-amd64"
    shutil.copyfile(cache.path(k6) / "k6", binary)
    built = Release(
        repository="owner/name",
        tag="v1.2.3",
        k6_source=source_digest(checkout.k6),
        k6_sha256={"linux-amd64": hashlib.sha256(binary.read_bytes()).hexdigest()},
    )
    lock = root / "requirements" / LOCK_FILE
    lock.write_bytes(msgspec.json.encode(built))
    (folder / "images.json").write_text(json.dumps(IMAGES), encoding="utf-8")
    (folder / "image-k6-linux-amd64.txt").write_text("x", encoding="utf-8")

    assets = {path.name: path for path in build_assets(checkout, cache, folder)}
    (wheel,) = (name for name in assets if name.endswith(".whl"))
    assert set(assets) == {
        *(wheel, CHECKSUMS, LOCK_FILE, "cdc-perf.cdx.json"),
        *("k6-linux-amd64", "k6-linux-amd64.cdx.json"),
    }
    released = msgspec.structs.replace(built, images=IMAGES)
    assert Release.read(assets[LOCK_FILE]) == released
    commit = process.run(["git", "-C", root, "rev-parse", "HEAD"]).output
    with zipfile.ZipFile(assets[wheel]) as archive:
        within = archive.read(f"cdc_perf/data/requirements/{LOCK_FILE}")
        assert msgspec.json.decode(within, type=Release) == released
        # The lock file that differs from the commit does not count as a change.
        assert archive.read("cdc_perf/data/commit").decode().strip() == commit.strip()
    python = json.loads(assets["cdc-perf.cdx.json"].read_bytes())
    assert {"invoke", "duckdb"} <= {x["name"] for x in python["components"]}
    go = json.loads(assets["k6-linux-amd64.cdx.json"].read_bytes())
    assert {"go.k6.io/k6", "github.com/jackc/pgx/v5"} <= {x["name"] for x in go["components"]}
    process.run(["sha256sum", "--strict", "--check", CHECKSUMS], cwd=folder)
