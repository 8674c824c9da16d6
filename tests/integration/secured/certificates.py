"""Certificates of a test: an authority, and a server's certificate for `localhost` alone."""

from dataclasses import dataclass
from pathlib import Path

from cdc_perf import process

HOST = "localhost"
# Java reads the key of a server with a password, even if it is known.
STORE_PASSWORD = "changeit"  # noqa: S105 - not a secret
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
_DAYS = ("-days", "2")


@dataclass(frozen=True)
class Certificates:
    """The files, in one folder.

    Attributes:
        folder: The folder.
    """

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority that signed the server's certificate."""
        return self.folder / "ca.pem"

    @property
    def stranger(self) -> Path:
        """An authority that signed nothing."""
        return self.folder / "stranger.pem"

    @property
    def certificate(self) -> Path:
        """The server's certificate."""
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        """The server's key."""
        return self.folder / "server.key"

    @property
    def store(self) -> Path:
        """Both, in the format PKCS #12."""
        return self.folder / "server.p12"


def make_certificates(folder: Path) -> Certificates:
    """Create the files."""
    folder.mkdir(parents=True)
    made = Certificates(folder)

    def openssl(*words: str | Path) -> None:
        process.run(["openssl", *words], cwd=folder)

    for authority in (made.authority, made.stranger):
        name = authority.stem
        openssl(
            *("req", "-x509", *_KEY, *_DAYS, "-subj", f"/CN={name}"),
            *("-keyout", f"{name}.key", "-out", authority),
        )
    openssl(*("req", *_KEY, "-subj", f"/CN={HOST}", "-keyout", made.key, "-out", "server.csr"))
    (folder / "names").write_text(f"subjectAltName=DNS:{HOST}\n", encoding="utf-8")
    openssl(
        *("x509", "-req", "-in", "server.csr", *_DAYS, "-extfile", "names"),
        *("-CA", made.authority, "-CAkey", "ca.key", "-CAcreateserial", "-out", made.certificate),
    )
    openssl(
        *("pkcs12", "-export", "-in", made.certificate, "-inkey", made.key, "-out", made.store),
        *("-passout", f"pass:{STORE_PASSWORD}"),
    )
    return made
