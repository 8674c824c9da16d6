from datetime import datetime

import pytest

from cdc_consumer.log import line, log


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "event"),
        ({"a": 1, "b": "x-y/z:0"}, "event a=1 b=x-y/z:0"),
        ({"a": "two words"}, 'event a="two words"'),
        ({"a": ""}, 'event a=""'),
        ({"a": 'say "x"'}, 'event a="say \\"x\\""'),
        ({"a": "b=c"}, 'event a="b=c"'),
        ({"a": "one\ntwo\r"}, 'event a="one\\ntwo\\r"'),
        ({"a": "\x1b[31m"}, 'event a="\\u001b[31m"'),
        ({"a": "é"}, 'event a="\\u00e9"'),
        ({"a": "é\u2028"}, 'event a="\\u00e9\\u2028"'),
        ({"a": None}, "event a=None"),
    ],
    ids=str,
)
def test_an_event_is_one_line_whatever_is_in_it(fields: dict[str, object], expected: str) -> None:
    assert line("event", **fields) == expected


def test_a_line_begins_with_its_time_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    log("started", group="g")
    written = capsys.readouterr().out
    time, rest = written.split(" ", 1)
    assert rest == "started group=g\n"
    assert datetime.fromisoformat(time).utcoffset() is not None
    assert len(time) == len("2026-01-01T00:00:00.000+00:00")
