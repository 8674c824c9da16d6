"""The complete lines of a file, gzipped or not."""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from cdc_perf.files import NOT_JSON
from cdc_perf.wording import counted

# zlib: the largest window, and the gzip format with its checksum (https://zlib.net/manual.html).
_GZIP = 31
_GZIP_MAGIC = b"\x1f\x8b"
# k6's points compress to a seventeenth: a piece is about half a megabyte of text.
_PIECE = 1 << 15


class GzipLines:
    """The complete lines of a file; `faults` is known after all lines were read.

    A killed k6 leaves a truncated file: half a line, half a block, no checksum. All lines before
    the fault are written.

    Attributes:
        faults: What is wrong, one phrase each; complete when there are no more lines.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pieces = self._decompressed()
        self._rest = b""
        self.faults: list[str] = []

    def write(self, descriptor: int, size: int) -> int:
        """Overwrite a file with the next lines, at least `size` bytes if there are so many.

        Returns:
            The number of bytes written; 0 if there are no more lines.
        """
        written = os.pwrite(descriptor, self._rest, 0)
        partial = written
        self._rest = b""
        for piece in self._pieces:
            written += os.pwrite(descriptor, piece, written)
            end = piece.rfind(b"\n") + 1
            partial = len(piece) - end if end else partial + len(piece)
            if written >= size and end:
                self._rest = piece[end:]
                break
        else:
            partial -= self._ended(descriptor, written - partial, partial)
        os.ftruncate(descriptor, written - partial)
        return written - partial

    def _ended(self, descriptor: int, start: int, length: int) -> int:
        """Return how much of a line without a newline counts: all of it if it is JSON, else 0."""
        if length == 0 or _is_json(os.pread(descriptor, length, start)):
            return length
        self.faults.append("ends in the middle of a line")
        return 0

    def _decompressed(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as stream:
                # k6 gzips files named .gz. Its standard output begins with other text.
                begin = stream.read(len(_GZIP_MAGIC))
                zipped = begin == _GZIP_MAGIC or self._path.suffix == ".gz"
                plain = begin[:1] == b"{" or not zipped
                if plain and not begin:
                    self.faults.append("is empty")
                stream.seek(0)
                pieces = iter(lambda: stream.read(_PIECE), b"")
                yield from pieces if plain else self._members(pieces)
        except FileNotFoundError:
            self.faults.append("does not exist")
        except OSError as error:
            self.faults.append(f"cannot be read: {error.strerror}")

    def _members(self, compressed: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the content of each gzip member; a file may have several in a row."""
        inflate = zlib.decompressobj(_GZIP)
        started = False
        for read in compressed:
            piece = read
            while piece:
                if inflate.eof:
                    inflate, started = zlib.decompressobj(_GZIP), False
                before = inflate.copy()
                started = True
                try:
                    text = inflate.decompress(piece)
                except zlib.error as error:
                    yield _inflated_until_the_fault(before, piece)
                    self.faults.append(f"is corrupt ({error})")
                    return
                yield text
                piece = inflate.unused_data
        if not (started and inflate.eof):
            self.faults.append("is truncated: k6 was killed, or the disk was full")


def _inflated_until_the_fault(inflate: "zlib._Decompress", piece: bytes) -> bytes:
    """Return the text of `piece` up to the first byte that cannot be inflated."""
    text = bytearray()
    try:
        for index in range(len(piece)):
            text += inflate.decompress(piece[index : index + 1])
    except zlib.error:
        pass
    return bytes(text)


def _is_json(line: bytes) -> bool:
    """Return whether a line is complete although its newline is missing."""
    try:
        msgspec.json.decode(line)
    except NOT_JSON:
        return False
    return True


@dataclass(frozen=True)
class FileDefect:
    """A file that is incomplete; everything that could be read from it counts.

    Attributes:
        number: The file's index, from 0.
        file: The file's name.
        fault: What is wrong with it.
        points: The number of points read from it.
        last: Time of the last of them, UTC; None if there is none.
    """

    number: int
    file: str
    fault: str
    points: int
    last: datetime | None

    @property
    def sentence(self) -> str:
        """What is wrong and what is left."""
        if self.last is None:
            return f"{self.file} {self.fault}; no points recovered"
        until = f"{self.last:%H:%M:%S} UTC"
        recovered = counted(self.points, "point")
        return f"{self.file} {self.fault}; recovered {recovered}, until {until}"
