import sys
from pathlib import Path

import cdc_perf
from bench.measure import module


def test_a_module_finds_the_harness_without_an_installed_package() -> None:
    env, path, *words = module("bench.read_points", "points.json.gz")
    name, _, folders = path.partition("=")
    assert (env, name) == ("env", "PYTHONPATH")
    assert str(Path(cdc_perf.__path__[0]).parent) in folders.split(":")
    assert words == [sys.executable, "-m", "bench.read_points", "points.json.gz"]
