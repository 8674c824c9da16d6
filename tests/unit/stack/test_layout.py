import os
import pwd
import tempfile
from pathlib import Path

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.stack.local import layout as module
from cdc_perf.stack.local.layout import Layout, postgres_user, reachable_copy

NOBODY = pwd.getpwnam("nobody")


def allow_long_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the socket beside the rest: the folder of a parallel worker has a longer path."""
    monkeypatch.setattr(module, "_SOCKET_PATH_LIMIT", 1000)


@pytest.fixture
def open_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks as if everyone could reach it; temporary folders lie in /elsewhere."""
    stat = Path.stat

    def open_above(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        above = tmp_path.is_relative_to(self)
        return stat(Path("/") if above else self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", open_above)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: "/elsewhere")
    allow_long_paths(monkeypatch)
    return tmp_path


def test_a_socket_is_elsewhere_when_its_path_would_be_too_long() -> None:
    short, long = Layout(Path("/a/.stack")), Layout(Path(f"/{'a' * 90}/.stack"))
    assert short.supervisor_socket == Path("/a/.stack/supervisor.sock")
    assert not long.supervisor_socket.is_relative_to(long.root)
    assert len(str(long.supervisor_socket)) < 100
    assert long.supervisor_socket != Layout(Path(f"/{'b' * 90}/.stack")).supervisor_socket


@pytest.mark.parametrize(("euid", "user"), [(0, "nobody"), (NOBODY.pw_uid, None)])
def test_only_root_runs_postgresql_as_another_user(
    monkeypatch: pytest.MonkeyPatch, euid: int, user: str | None
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    found = postgres_user()
    assert (found.pw_name if found else None) == user


@pytest.mark.parametrize(
    ("euid", "said"), [(0, "there is no user nobody"), (4_000_000, "4000000 has no name")]
)
def test_a_user_that_postgresql_would_refuse_is_reported_before(
    monkeypatch: pytest.MonkeyPatch, euid: int, said: str
) -> None:
    def nobody(_name: str) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(os, "geteuid", lambda: euid)
    monkeypatch.setattr(pwd, "getpwnam", nobody)
    with pytest.raises(StackFailure, match=said):
        postgres_user()


@pytest.mark.parametrize(
    ("user", "mode", "inside"),
    [(None, 0o700, True), (NOBODY, 0o711, True), (NOBODY, 0o700, False)],
    ids=["ourselves", "nobody, reachable", "nobody, closed"],
)
def test_the_data_of_postgresql_lie_where_its_user_can_reach_them(
    monkeypatch: pytest.MonkeyPatch,
    open_path: Path,
    user: pwd.struct_passwd | None,
    mode: int,
    *,
    inside: bool,
) -> None:
    monkeypatch.setattr(module, "postgres_user", lambda: user)
    checkout = open_path / "checkout"
    checkout.mkdir()
    checkout.chmod(mode)
    home = Layout(checkout / ".stack").postgres_home
    assert home.is_relative_to(checkout) is inside
    assert inside or home.parent.parent == Path("/elsewhere")


@pytest.mark.parametrize(("mode", "copied"), [(0o755, False), (0o700, True)])
def test_programs_are_copied_only_where_they_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch, open_path: Path, mode: int, *, copied: bool
) -> None:
    monkeypatch.setattr(module, "postgres_user", lambda: NOBODY)
    folder = open_path / "programs"
    folder.mkdir()
    (folder / "initdb").touch()
    folder.chmod(mode)
    layout = Layout(open_path / ".stack")
    found = reachable_copy(folder, layout)
    assert (found / "initdb").exists()
    assert found == (layout.postgres_home / "programs" if copied else folder)
    assert reachable_copy(folder, layout) == found


def test_clearing_leaves_the_logs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "postgres_user", lambda: None)
    allow_long_paths(monkeypatch)
    layout = Layout(tmp_path / ".stack")
    for path in (layout.log("kafka"), layout.settings / "x", layout.postgres_home / "x", layout.k6):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for path in (layout.state, layout.endpoints, layout.supervisor_socket):
        path.touch()
    layout.clear()
    assert [path.name for path in layout.root.iterdir()] == ["logs"]
    assert layout.log("kafka").exists()
    layout.clear()


@pytest.mark.parametrize(("user", "mode"), [(None, 0o700), (NOBODY, 0o711)])
def test_folders_are_their_owners_and_postgresql_passes_through_where_it_has_to(
    monkeypatch: pytest.MonkeyPatch,
    open_path: Path,
    user: pwd.struct_passwd | None,
    mode: int,
) -> None:
    monkeypatch.setattr(module, "postgres_user", lambda: user)
    layout = Layout(open_path / ".stack")
    layout.make()
    found = {path.name: os.lstat(path).st_mode & 0o777 for path in open_path.rglob("*")}
    assert found == {
        ".stack": mode,
        "postgres": mode,
        "data": 0o700,
        "logs": 0o700,
        "settings": 0o700,
    }


def test_a_link_in_the_temporary_folder_is_not_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "postgres_user", lambda: NOBODY)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    checkout, theirs, shared = (tmp_path / name for name in ("checkout", "theirs", "tmp"))
    for folder in (checkout, theirs, shared):
        folder.mkdir(mode=0o700)
    shared.chmod(0o1777)
    (theirs / "file").touch()
    layout = Layout(checkout / ".stack")
    layout.elsewhere.symlink_to(theirs)
    with pytest.raises(StackFailure):
        layout.make()
    layout.clear()
    assert theirs.stat().st_mode & 0o777 == 0o700
    assert (theirs / "file").exists()
