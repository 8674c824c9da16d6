"""`cdc-perf`: the installed command, with the tasks of `inv`."""

from collections.abc import Callable

from invoke import Argument, Config, Exit, ParseError, Program

from cdc_perf.errors import ExitCode
from cdc_perf.installation import ROOT
from cdc_perf.perf.environment import tool_version
from cdc_perf.tasks.namespace import make_namespace

_NAME = "cdc-perf"
# Invoke's other options are about shell commands and its own settings files.
_OPTIONS = frozenset(
    {"complete", "help", "list", "list-depth", "list-format", "print-completion-script", "version"}
)


class InstalledCommand(Program):
    """Invoke's program, without what only a task file needs."""

    def create_config(self) -> None:
        """Use Invoke's defaults: no settings file, which a user would not expect here."""
        self.config = Config(lazy=True)

    def core_args(self) -> list[Argument]:
        """Return the options that come before a command."""
        return [each for each in super().core_args() if each.name in _OPTIONS]

    def parse_core_args(self) -> None:
        """Parse them, and add the defaults of the others, which Invoke reads."""
        self._exit_on_error(super().parse_core_args)
        for each in super().core_args():
            if each.name not in _OPTIONS:
                self.core[0].add_arg(each)

    def parse_tasks(self) -> None:
        """Parse the command's own options."""
        self._exit_on_error(super().parse_tasks)

    def _exit_on_error(self, parse: Callable[[], None]) -> None:
        try:
            parse()
        except ParseError as error:
            raise Exit(str(error), ExitCode.USAGE) from None


def main() -> None:
    """Run `cdc-perf`."""
    version, commit, changed = tool_version(ROOT)
    program = InstalledCommand(
        version=f"{version} ({commit[:12] or 'commit unknown'}{'+changes' * changed})",
        namespace=make_namespace(),
        name=_NAME,
        binary=_NAME,
        binary_names=[_NAME],
    )
    program.run()
