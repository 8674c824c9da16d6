import bz2
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cdc_perf.publish.fetch import unpack
from cdc_perf.runs.loader import UnreadableRun

SCENARIOS = ("health-check", "baseline")
RUN = "20261124T020000Z-0000"
LINK = 0o120777 << 16


def archive(folder: Path, fill: Callable[[zipfile.ZipFile], object]) -> Path:
    path = folder / "artifact.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        fill(opened)
    return path


def unpacked(folder: Path, fill: Callable[[zipfile.ZipFile], object]) -> set[str]:
    target = folder / "results"
    unpack(archive(folder, fill), target, SCENARIOS)
    return {str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()}


def test_only_the_files_that_are_read_are_written(tmp_path: Path) -> None:
    wanted = {f"{RUN}/run.json", f"{RUN}/verdict.json", f"{RUN}/baseline/summary.json"}
    others = (
        *(f"{RUN}/baseline/points.json.gz", f"{RUN}/logs/kafka.log", f"{RUN}/summary.md"),
        *("run.json", "x/run.json", f"{RUN}/strange/verdict.json", f"{RUN}/baseline/x/run.json"),
        f"{RUN}/BASELINE/verdict.json",
    )

    def fill(opened: zipfile.ZipFile) -> None:
        for name in (*wanted, *others):
            opened.writestr(name, "{}")

    assert unpacked(tmp_path, fill) == wanted


def with_a_link(opened: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo(f"{RUN}/run.json")
    entry.external_attr = LINK
    opened.writestr(entry, "/etc/passwd")


def with_a_bomb(opened: zipfile.ZipFile) -> None:
    opened.writestr(f"{RUN}/run.json", b"\0" * 300_000_000)


def with_many_files(opened: zipfile.ZipFile) -> None:
    for number in range(20_001):
        opened.writestr(str(number), "")


def with_many_large_files(opened: zipfile.ZipFile) -> None:
    for number in range(30):
        opened.writestr(f"20261124T0200{number:02d}Z-0000/run.json", b"\0" * 1_900_000)


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (lambda z: z.writestr(f"../{RUN}/run.json", "{}"), "a path outside of it"),
        (lambda z: z.writestr(f"{RUN}/../../x", "{}"), "a path outside of it"),
        (lambda z: z.writestr("/etc/cron.d/x", "{}"), "a path outside of it"),
        (lambda z: z.writestr("C:/x", "{}"), "a path outside of it"),
        (lambda z: z.writestr("..\\x", "{}"), "a path outside of it"),
        (with_a_link, "a link"),
        (with_a_bomb, "a file larger than 2,000,000 bytes"),
        (with_many_files, "more than 20,000 files"),
        (with_many_large_files, "more than 50,000,000 bytes"),
    ],
)
def test_a_hostile_archive_is_refused(
    tmp_path: Path, fill: Callable[[zipfile.ZipFile], object], said: str
) -> None:
    with pytest.raises(UnreadableRun, match=said):
        unpacked(tmp_path, fill)
    assert not list(tmp_path.parent.glob("x"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    def fill(opened: zipfile.ZipFile) -> None:
        opened.writestr(f"{RUN}/run.json", "{}")
        opened.writestr(f"{RUN}/run.json", "[]")

    with pytest.raises(UnreadableRun, match="a file twice"):
        unpacked(tmp_path, fill)


@pytest.mark.parametrize(
    ("method", "content"),
    [
        (zipfile.ZIP_BZIP2, bz2.compress(b"{}" * 1000)[:20] + bytes(40)),
        (zipfile.ZIP_LZMA, b"\x09\x04\x05\x00" + b"\xff" * 40),
        # Whole ones too: they decompress a block of any size at once.
        (zipfile.ZIP_BZIP2, bz2.compress(b"{}")),
        (zipfile.ZIP_DEFLATED, b"not deflated"),
        (93, b"zstd, which Python 3.14 has"),
        (1, b"a method that nothing has"),
    ],
)
def test_what_cannot_be_decompressed_is_refused(
    tmp_path: Path, method: int, content: bytes
) -> None:
    path = tmp_path / "artifact.zip"
    path.write_bytes(said_to_be(whole(content), method))
    with pytest.raises(UnreadableRun):
        unpack(path, tmp_path / "results", SCENARIOS)


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "artifact.zip"
    path.write_bytes(whole(name=f"{RUN}/é.json").replace("é".encode(), b"\xff\xfe"))
    with pytest.raises(UnreadableRun):
        unpack(path, tmp_path / "results", SCENARIOS)


def test_two_artifacts_do_not_replace_each_others_files(tmp_path: Path) -> None:
    path = archive(tmp_path, lambda z: z.writestr(f"{RUN}/run.json", "{}"))
    unpack(path, tmp_path / "results", SCENARIOS)
    with pytest.raises(UnreadableRun):
        unpack(path, tmp_path / "results", SCENARIOS)


def said_to_be(archived: bytes, method: int) -> bytes:
    """Return an archive whose headers name another method of compression."""
    written = bytearray(archived)
    for header, offset in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        at = written.index(header) + offset
        written[at : at + 2] = method.to_bytes(2, "little")
    return bytes(written)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "artifact.zip"
    for content in (
        b"",
        b"PK",
        b"<html>",
        whole()[:-30],
        whole().replace(b"run.json", b"run.jsox", 1),
    ):
        path.write_bytes(content)
        with pytest.raises(UnreadableRun, match="not a readable zip file"):
            unpack(path, tmp_path / "results", SCENARIOS)


def whole(content: bytes = b"{}", name: str = f"{RUN}/run.json") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as opened:
        opened.writestr(name, content)
    return stream.getvalue()
