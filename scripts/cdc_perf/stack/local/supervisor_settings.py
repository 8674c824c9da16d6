"""supervisord.conf: the settings of supervisord and its programs."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from cdc_perf.errors import StackFailure
from cdc_perf.stack.local.layout import Layout
from cdc_perf.stack.local.program import Program

# supervisord's parser starts a comment at one of these characters after a space, anywhere.
_UNSUPPORTED = re.compile(r"\s[;#]|[\r\n]")


def settings_text(layout: Layout, programs: Sequence[Program]) -> str:
    """Return supervisord.conf; `%` is doubled because the parser expands it.

    Raises:
        StackFailure: The file cannot represent a path or a value.
    """
    sections = [
        "[supervisord]",
        f"logfile={_value(layout.log('supervisord'))}",
        "logfile_maxbytes=0",
        f"pidfile={_value(layout.root / 'supervisord.pid')}",
        f"directory={_value(layout.root)}",
        "nocleanup=true",
        # Logs and data contain rows: only their owner may read them.
        "umask=077",
        "[unix_http_server]",
        f"file={_value(layout.supervisor_socket)}",
        "chmod=0700",
        "[rpcinterface:supervisor]",
        "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
    ]
    for program in programs:
        environment = ",".join(f'{k}="{_quotable(v)}"' for k, v in program.environment.items())
        sections += [
            f"[program:{program.name}]",
            f"command={_value(shlex.join(str(word) for word in program.argv))}",
            f"environment={environment}",
            *([f"user={program.user}"] if program.user else []),
            # The parser expands this value twice.
            f"stdout_logfile={_value(_value(layout.log(program.name)))}",
            "stdout_logfile_maxbytes=0",
            "redirect_stderr=true",
            "autostart=false",
            "autorestart=true",
            "startretries=20",
            "startsecs=1",
            f"stopsignal={program.stop_signal}",
            f"stopwaitsecs={program.stop_seconds}",
            "killasgroup=true",
        ]
    return "\n".join(sections) + "\n"


def _value(value: str | Path) -> str:
    text = str(value)
    if _UNSUPPORTED.search(text):
        raise _unsupported(text)
    return text.replace("%", "%%")


def _quotable(value: str) -> str:
    # The parser has no escapes, and strips both kinds of quotes from the ends.
    if '"' in value or value != value.strip("'"):
        raise _unsupported(value)
    return _value(value)


def _unsupported(text: str) -> StackFailure:
    return StackFailure(
        f"supervisord's settings cannot contain {text!r}",
        hint="remove quotes, line breaks, and a space before ; or #; is it a folder's name?",
    )
