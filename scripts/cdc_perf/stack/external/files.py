"""The files that an address names: certificates, keys, and a password file.

A relative path is resolved against the pipeline's folder. A file that is missing is found here,
because the clients differ: libpq ignores a missing certificate or password file in some modes.
"""

import re
import ssl
import stat
from pathlib import Path
from urllib.parse import quote, unquote

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cdc_perf.stack.external.forms import UnreadableAddress

# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
_POSTGRES_FILES = ("sslrootcert", "sslcert", "sslkey", "passfile")
# Parameters that k6's client does not support (k6/extension/postgres_dsn.go); without them, the
# server would be another one, or less protected.
GENERATOR_LACKS = (
    *("hostaddr", "requirepeer", "sslcrl", "sslcrldir", "ssl_min_protocol_version"),
    *("ssl_max_protocol_version", "load_balance_hosts"),
)
# A value of sslrootcert that is not a file.
_SYSTEM = "system"
_AUTHORITIES = ("sslrootcert", "tlscafile")
# https://www.mongodb.com/docs/manual/reference/connection-string-options/#tls-options
_MONGODB_FILE = re.compile(
    r"(?<=[?&])(?P<name>tlsCAFile|tlsCertificateKeyFile|tlsCRLFile)=(?P<path>[^&#]+)", re.IGNORECASE
)


def existing(text: str, folder: Path) -> Path:
    """Return the absolute path of a file.

    Raises:
        UnreadableAddress: There is no such file, or it cannot be read.
    """
    path = folder / Path(text).expanduser()
    try:
        with path.open("rb"):
            return path
    except FileNotFoundError:
        what = "does not exist"
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
    raise UnreadableAddress(f"{path} {what}", f"give an absolute path, or one relative to {folder}")


def authorities(text: str, folder: Path) -> str:
    """Return the absolute path of a file of certificate authorities.

    Raises:
        UnreadableAddress: There is no such file, or it contains no certificate.
    """
    path = existing(text, folder)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise UnreadableAddress(
            f"{path} contains no certificate", "give a file of certificates in the PEM format"
        ) from None
    return str(path)


def settings_file(text: str, folder: Path) -> str:
    """Return the absolute path of a file; UnreadableAddress if it cannot be read."""
    return str(existing(text, folder))


def in_dsn(dsn: str, folder: Path) -> str:
    """Return a libpq connection string whose files are absolute.

    Raises:
        UnreadableAddress: A file is missing, libpq would ignore it, or k6 does not support a
            parameter.
    """
    found = conninfo_to_dict(dsn)
    for name in GENERATOR_LACKS:
        if name in found:
            raise UnreadableAddress(f"k6 does not support the parameter {name}", "remove it")
    resolved = {
        name: _checked(name, str(found[name]), folder)
        for name in _POSTGRES_FILES
        if found.get(name) and found[name] != _SYSTEM
    }
    changed = {name: path for name, path in resolved.items() if path != found[name]}
    return make_conninfo(dsn, **changed) if changed else dsn


def in_uri(uri: str, folder: Path) -> str:
    """Return a MongoDB connection string whose files are absolute.

    Raises:
        UnreadableAddress: A file is missing.
    """

    def absolute(option: re.Match[str]) -> str:
        path = _checked(option["name"], unquote(option["path"]), folder)
        return f"{option['name']}={quote(path, safe='/')}"

    return _MONGODB_FILE.sub(absolute, uri)


def _checked(name: str, text: str, folder: Path) -> str:
    """Return the absolute path in a parameter; errors name the parameter."""
    try:
        if name.lower() in _AUTHORITIES:
            return authorities(text, folder)
        path = existing(text, folder)
    except UnreadableAddress as fault:
        raise UnreadableAddress(f"{name}: {fault.what}", fault.remedy) from None
    # https://www.postgresql.org/docs/current/libpq-pgpass.html
    if name == "passfile" and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UnreadableAddress(
            f"{name}: libpq ignores {path}, because others can access it", f"chmod 600 {path}"
        )
    return str(path)
