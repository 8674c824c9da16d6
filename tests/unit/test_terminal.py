import io
import json
import sys

import pytest

from cdc_perf.terminal import say, show, visible

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
