"""The last release of this project: k6, if it was built from the same source, and images."""

import hashlib
import os
import platform
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec
import requests

from cdc_perf.errors import StackFailure
from cdc_perf.files import NOT_JSON
from cdc_perf.tools.cache import Note

# The lock file, in requirements/.
LOCK_FILE = "release.json"
# A mirror of the releases; empty: do not ask any.
ADDRESS_VARIABLE = "CDC_PERF_RELEASES"
_ADDRESS = "https://github.com"
_CONNECT_SECONDS, _READ_SECONDS, _MOST_SECONDS = 5.0, 15.0, 300.0
_CHUNK_BYTES, _MOST_BYTES = 2**20, 200 * 2**20
# By `platform.machine()`.
ARCHITECTURES: Mapping[str, str] = MappingProxyType({"x86_64": "amd64", "aarch64": "arm64"})


class NotReleased(Exception):  # noqa: N818 - an answer, not an error
    """Why k6 does not come from a release; the message is one line."""


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of requirements/release.json.

    Attributes:
        repository: `owner/name` on GitHub.
        tag: The tag of the release; empty if there is none yet.
        k6_source: The digest of the source that its k6 was built from.
        k6_sha256: The digest of each binary of k6, by platform: `linux-amd64`.
        images: Its images with their digests, by name: `consumer`, `k6`.
    """

    repository: str = ""
    tag: str = ""
    k6_source: str = ""
    k6_sha256: Mapping[str, str] = {}
    images: Mapping[str, str] = {}

    @classmethod
    def read(cls, lock: Path) -> "Release":
        """Read the lock file.

        Raises:
            StackFailure: It is missing or broken.
        """
        try:
            return msgspec.json.decode(lock.read_bytes(), type=cls)
        except OSError as error:
            raise StackFailure(
                f"{lock}: {error.strerror}", hint="restore it: git checkout"
            ) from None
        except NOT_JSON:
            raise StackFailure(
                f"{lock} has another form", hint="restore it: git checkout"
            ) from None

    def k6_digest(self, source: str) -> str:
        """Return the digest of the binary for this machine.

        Args:
            source: The digest of the source.

        Raises:
            NotReleased: There is no binary of this source for this machine.
        """
        if not self.tag or self.k6_source != source:
            raise NotReleased("no release has k6 from this source")
        found = self.k6_sha256.get(this_platform())
        if found is None:
            raise NotReleased(f"release {self.tag} has no k6 for {this_platform()}")
        return found

    def download_k6(self, digest: str, target: Path, note: Note) -> None:
        """Download the binary for this machine; a file that is refused is removed.

        Args:
            digest: Its SHA-256.
            target: The file to write.
            note: Called with the progress.

        Raises:
            NotReleased: It cannot be downloaded, or is another file.
        """
        base = os.environ.get(ADDRESS_VARIABLE, _ADDRESS)
        if not base:
            raise NotReleased(f"{ADDRESS_VARIABLE} is empty")
        name = f"k6-{this_platform()}"
        address = f"{base}/{self.repository}/releases/download/{self.tag}/{name}"
        try:
            found = _fetched(address, target, note)
        except requests.RequestException as error:
            target.unlink(missing_ok=True)
            raise NotReleased(f"{address}: {_why(error)}") from None
        if found != digest:
            target.unlink()
            raise NotReleased(f"{address}: its SHA-256 is {found}, not {digest}")
        target.chmod(0o755)


def this_platform() -> str:
    """Return this machine's platform as in a release: `linux-amd64`."""
    machine = platform.machine()
    return f"{sys.platform}-{ARCHITECTURES.get(machine, machine)}"


def _fetched(address: str, target: Path, note: Note) -> str:
    """Download a file; return its SHA-256.

    Raises:
        requests.RequestException: The server does not have it, or does not send it in time.
    """
    digest, size, ends = hashlib.sha256(), 0, time.monotonic() + _MOST_SECONDS
    with (
        requests.get(address, stream=True, timeout=(_CONNECT_SECONDS, _READ_SECONDS)) as answer,
        target.open("wb") as file,
    ):
        answer.raise_for_status()
        for chunk in answer.iter_content(_CHUNK_BYTES):
            size += len(chunk)
            if time.monotonic() > ends or size > _MOST_BYTES:
                raise requests.RequestException(f"not complete after {size / 2**20:,.0f} MiB")
            digest.update(chunk)
            file.write(chunk)
            note(f"{size / 2**20:,.0f} MiB downloaded")
    return digest.hexdigest()


def _why(error: requests.RequestException) -> str:
    match error:
        case requests.HTTPError(response=answer) if answer is not None:
            return f"HTTP {answer.status_code}"
        case requests.exceptions.ProxyError():
            return "the proxy does not answer, or refuses"
        case requests.ConnectTimeout() | requests.ReadTimeout():
            return "no answer in time"
        case requests.exceptions.ChunkedEncodingError():
            return "the connection ended before the file"
        case requests.ConnectionError():
            return "no connection"
    return str(error)
