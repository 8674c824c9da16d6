"""The address of the database that `inv init` inspects, and its password."""

from collections.abc import Callable, Mapping
from pathlib import Path

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from cdc_perf.errors import UsageFailure
from cdc_perf.stack.external import files, forms
from cdc_perf.stack.external.addresses import variable
from cdc_perf.stack.external.forms import UnreadableAddress

OPTION = "--from"
VARIABLE = variable("postgres_dsn")
_EXAMPLE = "host=HOST user=USER dbname=DATABASE"
# https://www.postgresql.org/docs/current/libpq-envars.html
_WAYS = (
    f"remove it, and give it in the environment ({VARIABLE} without {OPTION}, or PGPASSWORD), in a "
    "password file (PGPASSFILE, or passfile=PATH in the address), or at the prompt on a terminal"
)
_SECRETS = ("password", "sslpassword")
PROMPT = f"PostgreSQL address without a password ({_EXAMPLE}): "

Ask = Callable[[str], str]


def source_dsn(given: str, environment: Mapping[str, str], folder: Path, ask: Ask | None) -> str:
    """Return the libpq connection string of the source.

    Args:
        given: The value of the option; empty if it is not given.
        environment: The environment, which names the source if the option does not.
        folder: The folder against which relative paths are resolved.
        ask: Asks on the terminal; None if there is none.

    Raises:
        UsageFailure: There is no address, it is invalid, or the command line contains a password.
    """
    if given:
        return _without_password(given, OPTION, folder)
    named = environment.get(VARIABLE, "").strip()
    if named:
        return _valid(named, VARIABLE, folder)
    if ask is None:
        raise UsageFailure(
            f"{OPTION} is missing, and standard input is not a terminal",
            hint=f'{OPTION} "{_EXAMPLE}", or set {VARIABLE}',
        )
    return _without_password(ask(PROMPT).strip(), "the address", folder)


def _without_password(text: str, where: str, folder: Path) -> str:
    if _has_password(text):
        raise UsageFailure(
            f"{where}: contains a password, which others may see in the list of processes or in "
            "the shell's history",
            hint=_WAYS,
        )
    return _valid(text, where, folder)


def _has_password(text: str) -> bool:
    try:
        found = conninfo_to_dict(text)
    except ProgrammingError:
        # Text that the parser refuses may still contain a password.
        return "password" in text.lower()
    return any(found.get(name) for name in _SECRETS)


def _valid(text: str, where: str, folder: Path) -> str:
    try:
        dsn = files.in_dsn(forms.postgres(text), folder)
    except UnreadableAddress as fault:
        raise UsageFailure(f"{where}: {fault.what}", hint=fault.remedy) from None
    if conninfo_to_dict(dsn).get("sslpassword"):
        # pg_dump accepts it only on its command line.
        raise UsageFailure(
            f"{where}: pg_dump cannot use sslpassword", hint="use a key without a passphrase"
        )
    return dsn
