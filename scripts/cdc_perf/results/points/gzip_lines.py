"""The lines of a file, gzipped or not, as far as they are whole."""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from cdc_perf.files import NOT_JSON

# zlib: the largest window, and the gzip format with its checksum (https://zlib.net/manual.html).
_GZIP = 31
_GZIP_MAGIC = b"\x1f\x8b"
# k6's points shrink to a seventeenth: a piece comes to about half a megabyte of text.
_PIECE = 1 << 15


class GzipLines:
    """The whole lines of a file; what is wrong with the file shows once they were read.

    A k6 that is killed leaves a file without an end: half a line, half a block, no checksum. All
    that comes before the fault is given out.

    Attributes:
        faults: What is wrong, a phrase each; complete when there are no more lines.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pieces = self._decompressed()
        self._begun = b""
        self.faults: list[str] = []

    def write(self, descriptor: int, size: int) -> int:
        """Write the next lines over what is in a file, at least `size` bytes while there are more.

        Returns:
            How many bytes were written; 0 when there are no more lines.
        """
        written = os.pwrite(descriptor, self._begun, 0)
        begun = written
        self._begun = b""
        for piece in self._pieces:
            written += os.pwrite(descriptor, piece, written)
            end = piece.rfind(b"\n") + 1
            begun = len(piece) - end if end else begun + len(piece)
            if written >= size and end:
                self._begun = piece[end:]
                break
        else:
            begun -= self._ended(descriptor, written - begun, begun)
        os.ftruncate(descriptor, written - begun)
        return written - begun

    def _ended(self, descriptor: int, start: int, length: int) -> int:
        """Return how much of a line without an end is whole nevertheless: all of it or nothing."""
        if length == 0 or _is_json(os.pread(descriptor, length, start)):
            return length
        self.faults.append("ends in the middle of a line")
        return 0

    def _decompressed(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as stream:
                # k6 gzips what is called .gz. Its standard output begins with other text.
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
        """Yield what is in each gzip member; a file may have several, one after the other."""
        inflate = zlib.decompressobj(_GZIP)
        begun = False
        for read in compressed:
            piece = read
            while piece:
                if inflate.eof:
                    inflate, begun = zlib.decompressobj(_GZIP), False
                before = inflate.copy()
                begun = True
                try:
                    text = inflate.decompress(piece)
                except zlib.error as error:
                    yield _inflated_until_the_fault(before, piece)
                    self.faults.append(f"is corrupt ({error})")
                    return
                yield text
                piece = inflate.unused_data
        if not (begun and inflate.eof):
            self.faults.append("is cut short, as by a k6 that was killed or a disk that was full")


def _inflated_until_the_fault(inflate: "zlib._Decompress", piece: bytes) -> bytes:
    """Return the text of `piece` up to the byte at which it cannot be inflated."""
    text = bytearray()
    try:
        for index in range(len(piece)):
            text += inflate.decompress(piece[index : index + 1])
    except zlib.error:
        pass
    return bytes(text)


def _is_json(line: bytes) -> bool:
    """Whether a line is whole although its end of line is missing."""
    try:
        msgspec.json.decode(line)
    except NOT_JSON:
        return False
    return True


@dataclass(frozen=True)
class FileDefect:
    """A file that is not whole; all that could be read of it counts.

    Attributes:
        number: Which of the files it is, counted from 0.
        file: The file's name.
        fault: What is wrong with it.
        points: How many points were read from it.
        last: Time of the last of them, UTC; None where there is none.
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
            return f"{self.file} {self.fault}; no point could be read"
        until = f"{self.last:%H:%M:%S} UTC"
        return (
            f"{self.file} {self.fault}; points that could be read: {self.points:,}, until {until}"
        )
