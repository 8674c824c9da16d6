"""The installed command: a wheel that its user cannot write to, run from an empty folder."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest
import uv

from cdc_perf import process, process_tags
from cdc_perf.errors import ExitCode
from cdc_perf.init.proposal import EmbeddedPostgres
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.pipeline_file import load_pipeline
from cdc_perf.stack.local.embedded import EmbeddedTools
from cdc_perf.tools.cache import ENVIRONMENT_VARIABLE, Cache
from cdc_perf.tools.install import install_all
from tests.integration.conftest import ROOT
from tests.integration.init.servers import source_server
from tests.integration.test_ordinary_user import AS_USER, GROUP, USER, python_for_everyone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SLOW = {"baseline": {"cdc_e2e_latency": dict.fromkeys(("p50", "p95", "p99"), 20_000)}}


@dataclass(frozen=True)
class Installed:
    """The command of an environment, and its user's folders.

    Attributes:
        home: The user's home.
        environment: The virtual environment, which the user can only read.
    """

    home: Path
    environment: Path

    @property
    def work(self) -> Path:
        """The folder that the command runs in."""
        return self.home / "work"

    def __call__(self, *words: str) -> process.Completed:
        user = AS_USER if os.geteuid() == 0 else ()
        return process.run(
            [*user, self.environment / "bin" / "cdc-perf", *words],
            cwd=self.work,
            env={
                "HOME": str(self.home),
                "TMPDIR": str(self.home / "tmp"),
                # The tools are there already; they are the same for every user.
                ENVIRONMENT_VARIABLE: str(Cache.of_environment().root),
                "DOCKER_HOST": "unix:///nonexistent",
            },
            check=False,
            timeout_seconds=400,
        )

    def files(self) -> Mapping[str, float]:
        """Return the files of the environment with their times."""
        return {str(x): x.lstat().st_mtime for x in self.environment.rglob("*")}


@pytest.fixture(scope="module")
def installed() -> Iterator[Installed]:
    folder = Path(mkdtemp(prefix="cdc-perf-installed-"))
    folder.chmod(0o755)
    # The user cannot write to the cache.
    sample, cache = Checkout.at(ROOT, {}), Cache.of_environment()
    install_all(cache, EmbeddedTools.of(sample, load_pipeline(sample), cache).all)
    binary = uv.find_uv_bin()
    process.run([binary, "build", "--quiet", "--wheel", "--out-dir", folder / "dist", ROOT])
    (wheel,) = (folder / "dist").glob("*.whl")
    command = Installed(folder / "home", folder / "environment")
    for path in (command.home, command.work, command.home / "tmp"):
        path.mkdir()
    python = command.environment / "bin" / "python"
    process.run([binary, "venv", "--quiet", "--python", python_for_everyone(), command.environment])
    process.run(
        [binary, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, wheel]
    )
    if os.geteuid() == 0:
        process.run(["chown", "--recursive", f"{USER}:{GROUP}", command.home])
    process.run(["chmod", "--recursive", "a-w", command.environment])
    yield command
    process_tags.end_tagged_processes(folder)
    process.run(["chmod", "--recursive", "u+w", command.environment])
    shutil.rmtree(folder)


def test_the_options_before_a_command_are_those_of_a_command_without_a_task_file(
    installed: Installed,
) -> None:
    commit = process.run(["git", "-C", ROOT, "rev-parse", "HEAD"]).output.strip()
    assert installed("--version").output.strip().startswith(f"cdc-perf 0.1.0 ({commit[:12]}")
    shown = installed("--help").output
    assert "perf" in shown
    assert "--list" in shown
    assert "--echo" not in shown
    for words, said in ((("--echo", "perf"), "--echo"), (("perf", "--nothing"), "--nothing")):
        refused = installed(*words)
        assert refused.exit_code == ExitCode.USAGE
        assert said in refused.output
    completion = installed("--print-completion-script", "bash").output
    assert "complete -F _complete_cdc_perf" in completion or "cdc-perf" in completion
    assert "--scenarios" in installed("--complete", "--", "cdc-perf perf --").output


def test_without_a_pipeline_the_command_names_the_one_that_writes_it(installed: Installed) -> None:
    refused = installed("up")
    assert refused.exit_code == ExitCode.USAGE
    assert f"{installed.work / 'pipeline.toml'}: there is no such file" in refused.output
    assert "cdc-perf init --from DSN" in refused.output
    sample = next(installed.environment.rglob("cdc_perf/data/pipelines/sample"))
    refused = installed("up", "--pipeline", str(sample))
    assert refused.exit_code == ExitCode.USAGE
    assert "belongs to the installation" in refused.output


def test_from_an_empty_folder_to_a_verdict_without_a_change_of_the_installation(
    installed: Installed, tmp_path: Path
) -> None:
    embedded = EmbeddedPostgres.install(Checkout.at(ROOT, {}), Cache.of_environment())
    before = installed.files()
    with source_server(tmp_path, embedded.folder) as server:
        found = installed("init", "--from", server.create("shop", "shop"))
        assert found.exit_code == ExitCode.PASS, found.output
        assert found.output.endswith("next: cdc-perf perf")
    (installed.work / "thresholds.json").write_text(json.dumps(SLOW), encoding="utf-8")
    completed = installed("perf", "--scenarios", "baseline", "--duration", "25s")
    assert completed.exit_code == ExitCode.PASS, completed.output
    (folder,) = (installed.work / "results").glob("2*")
    versions = json.loads((folder / "run.json").read_text(encoding="utf-8"))["versions"]
    assert (
        versions["commit"] == process.run(["git", "-C", ROOT, "rev-parse", "HEAD"]).output.strip()
    )
    assert installed.files() == before
    assert list((installed.home / "tmp").iterdir()) == []
    assert {x.name for x in installed.home.iterdir()} == {"work", "tmp"}
