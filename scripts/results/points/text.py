"""The lines of a gzipped file, as far as they are whole."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

# zlib: the largest window, and the gzip format with its checksum (https://zlib.net/manual.html).
_GZIP = 31
# k6's points shrink to a seventeenth: a piece comes to about half a megabyte of text.
_PIECE = 1 << 15


class GzipLines:
    """The whole lines of a gzipped file; what is wrong with the file shows once they were read.

    A k6 that is killed leaves a file without an end: half a line, half a block, no checksum. All
    that comes before the fault is given out.

    Attributes:
        faults: What is wrong, a phrase each; complete when `pieces` has come to its end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.faults: list[str] = []

    def pieces(self) -> Iterator[bytes]:
        """Yield the text in pieces that end with a line's end."""
        begun = b""
        for piece in self._decompressed():
            end = piece.rfind(b"\n") + 1
            if end:
                yield begun + piece[:end]
                begun = piece[end:]
            else:
                begun += piece
        if begun and _is_json(begun):
            yield begun + b"\n"
        elif begun:
            self.faults.append("ends in the middle of a line")

    def _decompressed(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as stream:
                yield from self._members(iter(lambda: stream.read(_PIECE), b""))
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
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
