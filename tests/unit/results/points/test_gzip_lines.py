import gzip
from pathlib import Path

import pytest

from cdc_perf.results.points.gzip_lines import GzipLines

TEXT = b"".join(b'{"line":%d}\n' % number for number in range(20_000))
WHOLE = gzip.compress(TEXT)
CUT = "is truncated: k6 was killed, or the disk was full"


def read(path: Path, content: bytes) -> tuple[bytes, list[str]]:
    path.write_bytes(content)
    return lines_of(path)


def lines_of(path: Path, size: int = 100_000) -> tuple[bytes, list[str]]:
    """Return all lines, written a chunk at a time over the chunk before, and the faults."""
    lines = GzipLines(path)
    chunks = []
    with path.with_suffix(".chunk").open("w+b") as file:
        while length := lines.write(file.fileno(), size):
            file.seek(0)
            chunks.append(file.read())
            assert len(chunks[-1]) == length
    assert all(chunk[-1:] == b"\n" for chunk in chunks[:-1])
    return b"".join(chunks), lines.faults


@pytest.mark.parametrize(
    "content",
    [WHOLE, gzip.compress(TEXT[:120_001]) + gzip.compress(TEXT[120_001:]), TEXT],
    ids=["one member", "two members, a line across both", "not gzipped"],
)
def test_a_whole_file_is_given_out_whole(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path / "x.gz", content) == (TEXT, [])


@pytest.mark.parametrize(
    ("content", "lines", "faults"),
    [
        pytest.param(WHOLE[:-8], 20_000, [CUT], id="no trailer"),
        pytest.param(WHOLE[:-3], 20_000, [CUT], id="half a trailer"),
        pytest.param(b"", 0, [CUT], id="empty"),
        pytest.param(WHOLE[:10], 0, [CUT], id="the header alone"),
        pytest.param(
            WHOLE[:-8] + b"\0\0\0\0" + WHOLE[-4:],
            20_000,
            ["is corrupt (Error -3 while decompressing data: incorrect data check)"],
            id="a wrong checksum",
        ),
        pytest.param(
            WHOLE[:-4] + b"\0\0\0\0",
            20_000,
            ["is corrupt (Error -3 while decompressing data: incorrect length check)"],
            id="a wrong length",
        ),
        pytest.param(
            WHOLE + b"garbage",
            20_000,
            ["is corrupt (Error -3 while decompressing data: incorrect header check)"],
            id="garbage at its end",
        ),
        pytest.param(
            gzip.compress(TEXT[:-4]), 19_999, ["ends in the middle of a line"], id="half a line"
        ),
        pytest.param(gzip.compress(TEXT + b"{}"), 20_001, [], id="no end of the last line"),
        pytest.param(
            b"neither",
            0,
            ["is corrupt (Error -3 while decompressing data: incorrect header check)"],
            id="neither gzip nor a point",
        ),
    ],
)
def test_what_is_whole_is_read_and_what_is_wrong_is_reported(
    tmp_path: Path, content: bytes, lines: int, faults: list[str]
) -> None:
    text, found = read(tmp_path / "x.gz", content)
    assert text == b"".join([*TEXT.splitlines(keepends=True), b"{}"][:lines])
    assert found == faults


@pytest.mark.parametrize("length", range(20, len(WHOLE) - 8, 997))
def test_a_file_cut_anywhere_gives_whole_lines_alone(tmp_path: Path, length: int) -> None:
    text, faults = read(tmp_path / "x.gz", WHOLE[:length])
    assert TEXT.startswith(text)
    assert not text or text.endswith(b"}\n")
    assert faults[0] == CUT


def test_nothing_before_a_corrupt_byte_is_lost(tmp_path: Path) -> None:
    middle = len(WHOLE) // 2
    broken = WHOLE[:middle] + bytes(64) + WHOLE[middle + 64 :]
    text, (fault, *_) = read(tmp_path / "x.gz", broken)
    assert fault.startswith("is corrupt")
    # Up to the fault the text is right; what was inflated of the broken block is not known to be.
    right = len(TEXT) * middle // len(WHOLE) * 9 // 10
    assert text[:right] == TEXT[:right]


@pytest.mark.parametrize("size", [1, 50, 4096, 1 << 30])
def test_chunks_of_any_size_are_whole_lines(tmp_path: Path, size: int) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(WHOLE)
    assert lines_of(path, size) == (TEXT, [])


def test_a_line_that_is_longer_than_a_chunk_stays_whole(tmp_path: Path) -> None:
    long = b'{"long":"' + "".join(map(str, range(100_000))).encode() + b'"}\n'
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(TEXT + long + TEXT))
    assert lines_of(path, 1000) == (TEXT + long + TEXT, [])


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert lines_of(tmp_path / "points.json.gz") == (b"", ["does not exist"])
    (tmp_path / "folder").mkdir()
    assert lines_of(tmp_path / "folder") == (b"", ["cannot be read: Is a directory"])


def test_text_before_the_points_does_not_make_a_gzipped_file_of_it(tmp_path: Path) -> None:
    """k6's standard output, where `--out json` has no file."""
    text = b"  execution: local\n" + TEXT
    assert read(tmp_path / "points.json", text) == (text, [])


def test_a_file_that_is_not_gzipped_may_be_empty(tmp_path: Path) -> None:
    assert read(tmp_path / "points.json", b"") == (b"", ["is empty"])
