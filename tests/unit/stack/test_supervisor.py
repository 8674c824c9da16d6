import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from cdc_perf.errors import StackFailure
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.logs import last_lines
from cdc_perf.stack.local.program import Program
from cdc_perf.stack.local.supervisor_settings import settings_text
from cdc_perf.stack.local.watch import events_since

HOSTILE = "it's 100%(here)s, 50 %"


def understood(layout: Layout, *programs: Program) -> ServerOptions:
    """Return what supervisord's own reader makes of its settings."""
    layout.logs.mkdir(parents=True)
    layout.settings.mkdir()
    text = settings_text(layout, programs)
    layout.supervisor_settings.write_text(text, encoding="utf-8")
    options = ServerOptions()
    options.realize(["-c", str(layout.supervisor_settings)])
    return options


def test_supervisord_reads_what_was_meant_whatever_the_folder_is_called(tmp_path: Path) -> None:
    layout = Layout(tmp_path / HOSTILE / ".stack")
    argv = ("/bin/java", f"-Dx={layout.data}", 'say "no"', "a;b", "c#d")
    program = Program(
        name="kafka",
        argv=argv,
        environment={"PYTHONPATH": f"{layout.root}/src", "B": "x=1,y=2"},
        stop_signal="INT",
        stop_seconds=180,
    )
    options = understood(layout, program)
    assert (options.logfile, options.serverurl) == (
        str(layout.log("supervisord")),
        f"unix://{layout.supervisor_socket}",
    )
    (group,) = options.configroot.supervisord.process_group_configs
    (config,) = group.process_configs
    assert (config.name, tuple(shlex.split(config.command))) == ("kafka", argv)
    assert config.environment == dict(program.environment)
    assert config.stdout_logfile == str(layout.log("kafka"))
    assert (config.stopsignal, config.stopwaitsecs) == (2, 180)
    assert (config.autostart, config.redirect_stderr, config.killasgroup) == (False, True, True)


def test_a_program_runs_as_the_user_that_it_asks_for(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    nobody = Program(name="postgres", argv=("/bin/postgres",), user="nobody")
    plain = Program(name="kafka", argv=("/bin/java",))
    groups = understood(layout, nobody, plain).configroot.supervisord.process_group_configs
    users = {group.name: group.process_configs[0].uid for group in groups}
    assert users["postgres"] is not None
    assert users["kafka"] is None


@pytest.mark.parametrize(
    ("folder", "environment"),
    [
        ("a ;b", {}),
        ("a #1", {}),
        ("a\nb", {}),
        ("a", {"A": 'say "no"'}),
        ("a", {"A": "'quoted'"}),
        ("a", {"A": "x ; y"}),
    ],
)
def test_what_its_settings_cannot_hold_is_refused(
    tmp_path: Path, folder: str, environment: dict[str, str]
) -> None:
    program = Program(name="kafka", argv=("/bin/java",), environment=environment)
    with pytest.raises(StackFailure, match="supervisord's settings cannot contain"):
        settings_text(Layout(tmp_path / folder), [program])


LOG = """\
2026-11-22 02:00:00,000 INFO supervisord started with pid 1
2026-11-22 02:00:01,000 INFO spawned: 'kafka' with pid 2
2026-11-22 02:00:02,000 INFO success: kafka entered RUNNING state
2026-11-22 02:00:03,000 WARN exited: kafka (terminated by SIGKILL; not expected)
2026-11-22 02:00:04,000 INFO stopped: connect (exit status 143)
2026-11-22 02:00:05,000 INFO exited: postgres (exit status 0; expected)
2026-11-22 02:00:06,000 INFO gave up: x entered FATAL state, too many start retries too quickly
"""


@pytest.mark.parametrize(
    ("since", "events"),
    [
        (
            "",
            [
                ("kafka", "ended (terminated by SIGKILL)", False),
                ("connect", "ended (exit status 143)", True),
                ("postgres", "ended (exit status 0)", False),
            ],
        ),
        ("2026-11-22 02:00:04", [("connect", "ended (exit status 143)", True)]),
        ("end", []),
    ],
    ids=["from the beginning", "from the middle", "from the end"],
)
def test_what_ended_is_read_from_the_log(
    tmp_path: Path, since: str, events: list[tuple[str, str, bool]]
) -> None:
    layout = Layout(tmp_path)
    layout.logs.mkdir()
    layout.log("supervisord").write_text(LOG, encoding="utf-8")
    layout.log("kafka").write_text("fine\n\nkilled\n", encoding="utf-8")
    offset = len(LOG) if since == "end" else LOG.index(since)
    found = events_since(layout, offset)
    shown = [(event.component, event.what, event.by_operator) for event in found]
    assert shown[: len(events)] == events
    assert {e.component: e.log for e in found}.get("kafka", ("fine", "killed")) == (
        "fine",
        "killed",
    )


def test_what_ended_and_began_again_has_its_times(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.logs.mkdir()
    again = "2026-11-22 02:00:03,700 INFO spawned: 'kafka' with pid 7\n"
    layout.log("supervisord").write_text(LOG + again, encoding="utf-8")
    kafka, connect, _ = events_since(layout, 0)
    # supervisord's times are local.
    assert kafka.at == datetime.fromisoformat("2026-11-22 02:00:03").astimezone(UTC)
    assert kafka.back == datetime.fromisoformat("2026-11-22 02:00:03.7").astimezone(UTC)
    assert connect.at is not None
    assert connect.back is None


def test_without_a_log_nothing_happened(tmp_path: Path) -> None:
    assert events_since(Layout(tmp_path), 0) == ()


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", ()),
        (b"a\nb\nc\n", ("b", "c")),
        (b"a\n\n  \nb\n", ("a", "b")),
        (b"x\xff\n", ("x\ufffd",)),
        (b"y" * 80_000 + b"\nend\n", ("y" * (65_536 - 5), "end")),
    ],
    ids=["empty", "more", "blank", "not UTF-8", "long"],
)
def test_the_last_lines_of_a_log_are_those_that_say_something(
    tmp_path: Path, content: bytes, lines: tuple[str, ...]
) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    assert last_lines(path, 2) == lines
    assert last_lines(tmp_path / "absent", 2) == ()
