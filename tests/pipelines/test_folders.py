"""Pipelines in folders outside a checkout that cannot be written to."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cdc_perf import process, process_tags
from cdc_perf.errors import ExitCode
from cdc_perf.settings.paths import PIPELINE, Checkout
from tests.integration.conftest import copy_checkout
from tests.integration.inv import Inv, read

_LOAD = ("--scenarios", "baseline", "--duration", "10s")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Checkout]:
    """A checkout that nobody can write to, not even root."""
    copied, mounted = copy_checkout(tmp_path / "copied"), tmp_path / "checkout"
    if os.geteuid() != 0:
        process.run(["chmod", "-R", "a-w", copied.root])
        yield copied
        process.run(["chmod", "-R", "u+w", copied.root])
        return
    mounted.mkdir()
    process.run(["mount", "--bind", copied.root, mounted])
    process.run(["mount", "-o", "remount,ro,bind", mounted])
    try:
        with pytest.raises(OSError, match="Read-only"):
            (mounted / "x").touch()
        yield Checkout.at(mounted, {})
    finally:
        subprocess.run(["umount", "--lazy", str(mounted)], check=True)  # noqa: S607


def folder_of(checkout: Checkout, target: Path) -> Path:
    """Copy a pipeline, with the files that it shares with the sample."""
    shutil.copytree(checkout.root / "pipelines" / "kafka-only", target)
    # Whoever copies a folder copies no results.
    shutil.rmtree(target / "results", ignore_errors=True)
    for name in ("schema.sql", "workload.toml", "mixed-workload.toml"):
        shutil.copy(checkout.root / "pipelines" / "sample" / name, target)
    for name in ("pipeline.toml", "scenarios.json"):
        settings = target / name
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("../sample/", ""), encoding="utf-8")
    return target


def test_two_folders_are_used_side_by_side(read_only: Checkout, tmp_path: Path) -> None:
    folders = [folder_of(read_only, tmp_path / f"pipeline {name}") for name in ("one", "two")]
    own = {
        "baseline": {
            "cdc_e2e_latency": {"p95": 20_000, "p99": None},
            # Few samples are enough for this one.
            "cdc_success_rate": {"rate": 0.9},
        }
    }
    sites = []
    for folder in folders:
        inv = Inv(Checkout.at(read_only.root, {PIPELINE: str(folder)}))
        (folder / "thresholds.json").write_text(json.dumps(own), encoding="utf-8")
        sites.append(inv)
    try:
        with ThreadPoolExecutor() as pool:
            ups = list(pool.map(lambda inv: inv("up"), sites))
        assert [up.exit_code for up in ups] == [ExitCode.PASS] * 2, [x.last_lines for x in ups]
        for folder, inv in zip(folders, sites, strict=True):
            completed = inv("perf", *_LOAD)
            assert completed.exit_code in (ExitCode.PASS, ExitCode.INVALID), completed.output
            run = inv.run_of(completed)
            assert run.parent == folder / "results"
            manifest = read(run / "run.json")
            assert manifest["pipeline"]["name"] == folder.name
            limits = {
                (each["metric"], each["stat"]): each["limit"]
                for each in next(x for x in manifest["scenarios"] if x["name"] == "baseline")[
                    "thresholds"
                ]
            }
            assert limits["cdc_e2e_latency", "p95"] == 20_000
            assert ("cdc_e2e_latency", "p99") not in limits
            assert completed.output.count(str(folder / "results")) >= 1
            shown = inv("runs", "--json")
            assert run.name in shown.output
            others = [x / "results" / run.name for x in folders if x != folder]
            assert not any(each.exists() for each in others)
            for written in ("results", ".stack"):
                assert (folder / written / ".gitignore").read_text(encoding="utf-8") == "*\n"
    finally:
        for inv in sites:
            inv("down")
        for folder in folders:
            process_tags.end_tagged_processes(folder)
