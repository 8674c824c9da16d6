"""Events and logs of the components since a point in time, from supervisord's log and theirs."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from cdc_perf.stack.component import ComponentEvent
from cdc_perf.stack.component_specs import OBSERVERS
from cdc_perf.stack.local import known_errors
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.logs import last_lines
from cdc_perf.stack.local.supervisor import Supervisor

# The cause precedes the stack traces of its consequences.
_LAST_WORDS = 200
# supervisord's wording, from its process.py: "exited" was not requested, "stopped" was.
_AT = r"^(?P<at>[0-9-]{10} [0-9:]{8},[0-9]{3}) [A-Z]+"
_EVENT = re.compile(
    rf"{_AT} (?P<verb>exited|stopped): (?P<name>\S+) \((?P<how>[^;)]*)", re.MULTILINE
)
_START = re.compile(rf"{_AT} spawned: '(?P<name>[^']+)'", re.MULTILINE)


class LocalWatch:
    """Events and logs since its creation, read from the logs."""

    def __init__(
        self, layout: Layout, supervisor: Supervisor, log_files: Mapping[str, Path]
    ) -> None:
        self._layout = layout
        self._supervisor = supervisor
        self._log_files = log_files
        self._offsets = {name: _size(path) for name, path in log_files.items()}

    def events(self) -> tuple[ComponentEvent, ...]:
        """Return what ended; the end of supervisord is an event too."""
        since = events_since(self._layout, self._offsets["supervisord"])
        events = tuple(event for event in since if event.component not in OBSERVERS)
        if not self._supervisor.alive():
            gone = ComponentEvent(
                component="supervisord",
                what="ended with every component",
                by_operator=False,
                log=last_lines(self._log_files["supervisord"]),
            )
            return (*events, gone)
        return events

    def logs(self) -> Mapping[str, bytes]:
        """Return the new part of each log."""
        parts = {}
        for name, path in self._log_files.items():
            with suppress(FileNotFoundError), path.open("rb") as stream:
                stream.seek(self._offsets[name])
                parts[name] = stream.read()
        return parts


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def events_since(layout: Layout, offset: int) -> tuple[ComponentEvent, ...]:
    """Return what ended, by itself or on request, since that offset of supervisord's log."""
    try:
        with layout.log("supervisord").open(encoding="utf-8", errors="replace") as log:
            log.seek(offset)
            lines = log.read()
    except FileNotFoundError:
        return ()
    return tuple(
        ComponentEvent(
            component=match["name"],
            what=f"ended ({match['how'].strip()})",
            by_operator=match["verb"] == "stopped",
            log=last_lines(layout.log(match["name"])),
            remedy=known_errors.remedy(last_lines(layout.log(match["name"]), _LAST_WORDS))
            or known_errors.remedy_for_disk(layout.root),
            at=_time(match["at"]),
            back=_restarted_at(match["name"], lines[match.end() :]),
        )
        for match in _EVENT.finditer(lines)
    )


def _restarted_at(name: str, lines: str) -> datetime | None:
    starts = (match for match in _START.finditer(lines) if match["name"] == name)
    restart = next(starts, None)
    return None if restart is None else _time(restart["at"])


def _time(text: str) -> datetime:
    """Return a time from supervisord's log, which is this machine's local time, in UTC."""
    local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S,%f")  # noqa: DTZ007 - it has no zone
    return local.astimezone(UTC)
