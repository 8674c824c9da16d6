"""The files of the embedded stack: `.stack/` in the checkout."""

import hashlib
import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cdc_perf.errors import StackFailure
from cdc_perf.files import is_own_folder, own_folder

# Linux allows 107 characters for the path of a unix socket, macOS 103; supervisord adds its pid.
_SOCKET_PATH_LIMIT = 90
_SOCKET = "supervisor.sock"


@dataclass(frozen=True)
class Layout:
    """The files and folders of one embedded stack."""

    root: Path

    @property
    def state(self) -> Path:
        """The file with what `up` decided: ports, cluster id, versions."""
        return self.root / "stack.json"

    @property
    def endpoints(self) -> Path:
        """The file with the addresses of the running stack."""
        return self.root / "endpoints.json"

    @property
    def logs(self) -> Path:
        """The folder of the log files: one for each component, and `supervisord.log`."""
        return self.root / "logs"

    def log(self, component: str) -> Path:
        """Return the log file of a component."""
        return self.logs / f"{component}.log"

    @property
    def data(self) -> Path:
        """The data folders of all components except PostgreSQL; `down` removes them."""
        return self.root / "data"

    @property
    def settings(self) -> Path:
        """The folder of the components' settings files."""
        return self.root / "settings"

    @property
    def admin_password(self) -> Path:
        """The file with the password of PostgreSQL's superuser, in the format of PGPASSFILE."""
        return self.settings / "postgres-admin"

    @property
    def supervisor_settings(self) -> Path:
        """supervisord.conf."""
        return self.settings / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        """The socket of supervisord; outside the checkout if its path is too long for a socket."""
        beside = self.root / _SOCKET
        if len(str(beside)) <= _SOCKET_PATH_LIMIT:
            return beside
        return self.elsewhere / _SOCKET

    @property
    def k6(self) -> Path:
        """A link to the k6 binary, for runs by hand."""
        return self.root / "bin" / "k6"

    @property
    def postgres_home(self) -> Path:
        """The folder for PostgreSQL's data, which PostgreSQL's user can access.

        It is inside `.stack/`, unless PostgreSQL must run as another user (root may not run it) and
        that user has no access to the checkout.
        """
        inside = self.root / "postgres"
        user = postgres_user()
        if user is None or _reachable(self.root.parent, user):
            return inside
        return self.elsewhere / "postgres"

    @property
    def elsewhere(self) -> Path:
        """The folder for files that cannot be in `.stack/`, in the system's temporary folder."""
        whose = f"{os.geteuid()} {self.root}"
        digest = hashlib.sha256(whose.encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"cdc-perf-{digest}"

    def make(self) -> None:
        """Create the folders, which only their owner can read; PostgreSQL's user can traverse them.

        Raises:
            StackFailure: The folder in the system's temporary folder is not safe to use.
        """
        home = self.postgres_home
        if self._outside(home) or self._outside(self.supervisor_socket):
            own_folder(self.elsewhere)
        folders = (self.root, self.logs, self.settings, self.data, home)
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        if postgres_user() is not None:
            for folder in (home.parent, home):
                folder.chmod(0o711)

    def clear(self) -> None:
        """Remove everything except the logs."""
        for name in ("data", "settings", "bin", "postgres", "k6", "workloads"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        if is_own_folder(self.elsewhere):
            shutil.rmtree(self.elsewhere, ignore_errors=True)
        for path in (self.state, self.endpoints, self.root / _SOCKET):
            path.unlink(missing_ok=True)

    def _outside(self, path: Path) -> bool:
        return not path.is_relative_to(self.root)


def postgres_user() -> pwd.struct_passwd | None:
    """Return the user that PostgreSQL must run as; None: the current user.

    Raises:
        StackFailure: PostgreSQL would not run: it refuses root, and any other user needs a name.
    """
    user = os.geteuid()
    try:
        if user == 0:
            return pwd.getpwnam("nobody")
        pwd.getpwuid(user)
    except KeyError:
        raise StackFailure(
            "PostgreSQL needs a user with a name other than root, but "
            f"{'there is no user nobody' if user == 0 else f'user {user} has no name'}",
            hint="add the user, or run as another user",
        ) from None
    return None


def reachable_copy(folder: Path, layout: Layout) -> Path:
    """Return `folder`, or a copy if PostgreSQL's user cannot access `folder`."""
    user = postgres_user()
    if user is None or _reachable(folder, user):
        return folder
    copy = layout.postgres_home / "programs"
    if not copy.is_dir():
        shutil.copytree(folder, copy)
    return copy


def _reachable(folder: Path, user: pwd.struct_passwd) -> bool:
    for step in (folder, *folder.parents):
        status = step.stat()
        if status.st_uid == user.pw_uid:
            allowed = bool(status.st_mode & 0o100)
        elif status.st_gid == user.pw_gid:
            allowed = bool(status.st_mode & 0o010)
        else:
            allowed = bool(status.st_mode & 0o001)
        if not allowed:
            return False
    return True
