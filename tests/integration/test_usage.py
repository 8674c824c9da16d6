"""What processes use, on processes of this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from cdc_perf.stack.usage import usage_of

# Uses a second of processor time in a child that ends, then holds 50 MB and has a child of its own.
BUSY = """
import subprocess, sys
spin = "import time\\nwhile time.process_time() < 0.5: pass"
subprocess.run([sys.executable, "-c", spin], check=True)
held = bytearray(50_000_000)
hold = "held = bytearray(30_000_000); print(1, flush=True); input()"
child = subprocess.Popen([sys.executable, "-c", hold])
input()
child.terminate()
"""


@pytest.fixture
def busy() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1\n"
        yield process
        process.communicate("\n")


def test_a_family_is_added_up_with_those_that_have_ended(busy: "subprocess.Popen[str]") -> None:
    usage = usage_of({"busy": busy.pid})["busy"]
    assert usage.memory > 80_000_000
    assert usage.cpu_seconds >= 0.5
    assert usage_of({"itself": os.getpid()})["itself"].memory > usage.memory / 1000


def test_who_has_ended_is_left_out() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert usage_of({"ended": ended.pid}) == {}
    assert usage_of({}) == {}
