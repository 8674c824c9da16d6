"""A process that cannot write to files, and then can again."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cdc_perf.stack.local import file_limit

# Writes a line to the file for each line that it reads, and says how that went.
WRITER = """
import sys
for line in sys.stdin:
    try:
        with open(sys.argv[1], "a") as file:
            file.write(line)
        print("written", flush=True)
    except OSError as error:
        print(error.strerror, flush=True)
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    argv = [sys.executable, "-c", WRITER, str(tmp_path / "file")]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        yield running
        assert running.stdin is not None
        running.stdin.close()


def written(writer: "subprocess.Popen[str]") -> str:
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write("x\n")
    writer.stdin.flush()
    return writer.stdout.readline().strip()


def test_a_process_cannot_write_until_it_may(writer: "subprocess.Popen[str]") -> None:
    target = psutil.Process(writer.pid)
    assert written(writer) == "written"
    assert not file_limit.is_full(target)
    file_limit.fill(target)
    file_limit.fill(target)
    assert file_limit.is_full(target)
    assert written(writer) == "File too large"
    file_limit.free(target)
    assert not file_limit.is_full(target)
    assert written(writer) == "written"


def test_a_process_that_is_gone_is_left_alone(writer: "subprocess.Popen[str]") -> None:
    target = psutil.Process(writer.pid)
    assert writer.stdin is not None
    writer.stdin.close()
    writer.wait()
    file_limit.fill(target)
    file_limit.free(target)
    assert not file_limit.is_full(target)
