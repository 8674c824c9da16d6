"""Each command that reads run folders, beside one that someone made to break it."""

import json
from pathlib import Path

import msgspec
import pytest

from cdc_perf.results.crashed_runs import recover
from tests.unit.inv import inv
from tests.unit.recorded_runs import manifest, row, run_id, write_run

pytestmark = pytest.mark.usefixtures("without_signals")

DEEP = 100_000
HOSTILE: dict[str, bytes] = {
    "nested lists": b"[" * DEEP,
    "nested objects": b'{"a":' * DEEP,
    "nested within": b'{"status": "running", "x": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "not UTF-8": b'{"status": "running", "name": "\xff\xfe"}',
    "a lone surrogate": rb'{"status": "running", "name": "\ud800"}',
    "cut short": b'{"status": "runn',
    "nothing": b"",
    "not an object": b"3",
}
# Of the files beside run.json, which are read in the same way.
WORST = {name: HOSTILE[name] for name in ("nested within", "not UTF-8", "a lone surrogate")}
GOOD, BAD = run_id(1), run_id(2)
ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"
COMMANDS = (
    ("runs",),
    ("runs", "--json"),
    ("compare", GOOD, BAD),
    ("compare", BAD, GOOD, "--json"),
    ("report", BAD),
    ("report", GOOD, "--base", BAD),
    ("history", "baseline"),
    ("publish", BAD),
)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A results folder with a good run and another."""
    monkeypatch.setenv("RESULTS_DIR", str(tmp_path))
    # Without git, no name can be that of a commit.
    monkeypatch.setenv("PATH", "")
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    for number in (1, 2):
        write_run(tmp_path, [row("baseline")], number)
    return tmp_path


@pytest.mark.parametrize("content", WORST.values(), ids=WORST)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_breaks(
    results: Path, words: tuple[str, ...], content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / BAD / "run.json").write_bytes(content)
    inv(*words)  # an exception that is not a failure of ours would come through
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err


@pytest.mark.parametrize("file", ["verdict.json", "summary.json", "hops.json", "integrity.json"])
@pytest.mark.parametrize("content", WORST.values(), ids=WORST)
@pytest.mark.parametrize("words", [("runs",), ("report", BAD)])
def test_no_other_file_of_a_run_breaks_a_command(
    results: Path, words: tuple[str, ...], content: bytes, file: str
) -> None:
    (results / BAD / "baseline" / file).write_bytes(content)
    inv(*words)


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_the_good_run_is_still_found(
    results: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / BAD / "run.json").write_bytes(content)
    assert inv("runs", "--json") == 0
    captured = capsys.readouterr()
    assert [run["run"] for run in json.loads(captured.out)] == [GOOD]
    assert [BAD in line for line in captured.err.splitlines()] == [True]


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_recovery_skips_it_with_a_line(results: Path, content: bytes, progress: list[str]) -> None:
    path = results / BAD / "run.json"
    path.write_bytes(content)
    recover(results)
    assert [str(path) in line for line in progress] == [True]
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "words", [*COMMANDS, ("runs", "--name", ESCAPES), ("compare", ESCAPES, GOOD)]
)
def test_no_text_of_a_run_reaches_the_terminal_as_it_is(
    results: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row("baseline")]
    written = manifest(rows, 2)
    machine = msgspec.structs.replace(written.machine, cpu=ESCAPES, system=ESCAPES)
    versions = msgspec.structs.replace(
        written.versions, commit=ESCAPES, components={"kafka": ESCAPES, ESCAPES: "1"}
    )
    hostile = msgspec.structs.replace(
        written,
        name=ESCAPES,
        stack=ESCAPES,
        notes=(ESCAPES,),
        machine=machine,
        versions=versions,
        connector={"poll.interval.ms": ESCAPES},
    )
    write_run(results, rows, 2, hostile)
    inv(*words)
    captured = capsys.readouterr()
    printed = captured.out + captured.err
    assert [x for x in printed if not x.isprintable() and x not in "\n\t"] == []
