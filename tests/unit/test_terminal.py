import io
import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.terminal import ProgressHandler, progress_to, say, show, show_progress, visible

LOG = logging.getLogger("cdc_perf.stack.start")
HOSTILE = (
    "\x1b]0;title\x07",  # sets the window's title
    "\x1b[2J\x1b[H",  # clears the screen
    "\x1b[8mhidden",
    "\x9b31m",  # the same in one C1 character
    "line\rother",  # overwrites the line
    "\x08\x7f",
    "\u202eright to left",
    "\u2066isolated",
    "\u200bzero width",
    "\ud800lone surrogate",
    "\U000e0041tag",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("shown", [show, say])
def test_nothing_printed_controls_the_terminal(
    text: str, shown: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(shown)
    shown(f"before {text} after")
    captured = capsys.readouterr()
    printed = (captured.out + captured.err).removesuffix("\n")
    assert printed.isprintable()
    assert printed.startswith("before ")
    assert printed.endswith(" after")
    assert "\\u" in printed


def test_lines_tabs_and_letters_of_every_language_stay() -> None:
    text = "a\tb\nÄ 日本 \u00a0\u202f é 🙂"
    assert visible(text) == text
    assert visible("a\r\nb") == "a\nb"


@pytest.mark.parametrize("text", HOSTILE)
def test_json_stays_json_of_the_same_value(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(capsys.readouterr().out) == {"text": text}


def test_only_our_own_colors_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    ours = "\x1b[32mPASS\x1b[0m"
    show(f"{ours} \x1b[2J", colors=True)
    assert capsys.readouterr().out == f"{ours} \\u001b[2J\n"
    show(ours)
    assert "\x1b" not in capsys.readouterr().out


def test_no_password_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    for shown in (show, say):
        shown("http://someone:hunter2@connect.test")
    captured = capsys.readouterr()
    assert "hunter2" not in captured.out + captured.err


def test_a_terminal_that_does_not_know_a_letter_still_gets_the_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stream)
    show("\ud800")
    stream.flush()
    assert stream.buffer.getvalue() == b"\\ud800\n"


def test_progress_is_a_plain_line_once_however_often_a_command_asks_for_it(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    show_progress()
    show_progress()
    LOG.info("kafka is ready")
    LOG.warning("cannot write gauges.json.gz any further")
    LOG.debug("run: kafka")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (
        "",
        "kafka is ready\ncannot write gauges.json.gz any further\n",
    )
    assert not caplog.records


def test_progress_has_no_password_and_does_not_control_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_progress()
    LOG.info("http://someone:hunter2@connect.test \x1b[2J")
    assert capsys.readouterr().err == "http://***@connect.test \\u001b[2J\n"


def test_other_libraries_log_as_before(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.level, root.handlers[:]
    show_progress()
    logging.getLogger("urllib3").info("a connection")
    assert capsys.readouterr().err == ""
    assert (root.level, root.handlers) == before


def test_lines_of_many_threads_come_out_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    class ByLetter(io.StringIO):
        """A stream that is slow enough for two writers to mix."""

        def write(self, text: str) -> int:
            return sum(super(ByLetter, self).write(letter) for letter in text)

    stream = ByLetter()
    monkeypatch.setattr(sys, "stderr", stream)
    show_progress()
    lines = [f"{name} " * 40 for name in ("kafka", "connect", "postgres", "mongodb")]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(LOG.info, lines * 20))
    assert sorted(stream.getvalue().splitlines()) == sorted(lines * 20)


def test_in_a_block_the_messages_of_this_thread_go_elsewhere(progress: list[str]) -> None:
    taken: list[str] = []
    with ThreadPoolExecutor(1) as pool, progress_to(taken.append):
        LOG.info("of this thread")
        pool.submit(LOG.info, "of another thread").result()
    LOG.info("after the block")
    assert taken == ["of this thread"]
    assert progress == ["of another thread", "after the block"]


def test_a_function_that_takes_the_messages_can_end_the_work() -> None:
    def refuse(_line: str) -> None:
        raise StackFailure("the installation of kafka was canceled")

    with progress_to(refuse), pytest.raises(StackFailure, match="canceled"):
        LOG.info("kafka is ready")


def test_an_exception_is_shown_with_its_trace() -> None:
    lines: list[str] = []
    handler = ProgressHandler(lines.append)
    failure = ValueError("odd")
    record = LOG.makeRecord(
        LOG.name, logging.ERROR, "", 0, "it failed", (), (ValueError, failure, None)
    )
    handler.handle(record)
    assert lines == ["it failed\nValueError: odd"]
