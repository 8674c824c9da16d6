"""The files that addresses name: found in the pipeline's folder, checked before use."""

import ssl
from pathlib import Path

import pytest

from cdc_perf.settings.paths import Checkout
from cdc_perf.stack.external.files import GENERATOR_LACKS, authorities, in_dsn, in_uri
from cdc_perf.stack.external.forms import UnreadableAddress

URL = "postgresql://cdc@db.test/cdc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a certificate that this machine trusts, and other files."""
    authority = ssl.create_default_context().get_ca_certs(binary_form=True)[0]
    (tmp_path / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(authority))
    (tmp_path / "a b.pem").write_text("key")
    passfile = tmp_path / "pgpass"
    passfile.write_text("*:*:*:*:hunter2")
    passfile.chmod(0o600)
    return tmp_path


@pytest.mark.parametrize("dsn", [URL, f"{URL}?sslmode=require", f"{URL}?sslrootcert=system"])
def test_a_connection_string_without_files_stays_as_it_is(dsn: str, tmp_path: Path) -> None:
    assert in_dsn(dsn, tmp_path) == dsn


def test_the_files_of_postgresql(folder: Path) -> None:
    found = in_dsn(
        f"{URL}?sslmode=verify-full&sslrootcert=ca.pem&sslkey=a%20b.pem&passfile=pgpass", folder
    )
    words = dict(word.split("=", 1) for word in found.replace("a b", "a_b").split())
    assert words["sslrootcert"] == str(folder / "ca.pem")
    assert words["sslkey"].strip("'") == str(folder / "a_b.pem")
    assert words["passfile"] == str(folder / "pgpass")
    assert (words["sslmode"], words["host"]) == ("verify-full", "db.test")
    absolute = f"host=db.test sslrootcert={folder}/ca.pem"
    assert in_dsn(absolute, Path("/elsewhere")) == absolute


def test_the_files_of_mongodb(folder: Path) -> None:
    uri = "mongodb://cdc:hunter2@a.test,b.test/?tls=true&tlsCAFile=ca.pem&tlscertificatekeyfile=a%20b.pem"
    assert in_uri(uri, folder) == (
        "mongodb://cdc:hunter2@a.test,b.test/?tls=true"
        f"&tlsCAFile={folder}/ca.pem&tlscertificatekeyfile={folder}/a%20b.pem"
    )


@pytest.mark.parametrize(
    ("dsn", "what"),
    [
        ("sslrootcert=no.pem", "sslrootcert: {folder}/no.pem does not exist"),
        ("sslkey=.", "sslkey: {folder} cannot be read: Is a directory"),
        # libpq would connect without the password.
        ("passfile=no", "passfile: {folder}/no does not exist"),
        ("sslrootcert='a b.pem'", "sslrootcert: {folder}/a b.pem contains no certificate"),
        ("sslcrl=ca.pem", "k6 does not support the parameter sslcrl"),
    ],
)
def test_a_file_that_cannot_work(folder: Path, dsn: str, what: str) -> None:
    with pytest.raises(UnreadableAddress) as caught:
        in_dsn(f"host=db.test {dsn}", folder)
    assert caught.value.what == what.format(folder=folder)


def test_a_password_file_that_others_can_read(folder: Path) -> None:
    (folder / "pgpass").chmod(0o640)
    with pytest.raises(UnreadableAddress) as caught:
        in_dsn("host=db.test passfile=pgpass", folder)
    assert caught.value.what.startswith("passfile: libpq ignores ")
    assert caught.value.remedy == f"chmod 600 {folder / 'pgpass'}"


def test_a_certificate_of_mongodb_that_is_missing(folder: Path) -> None:
    with pytest.raises(UnreadableAddress) as caught:
        in_uri("mongodb://a.test/?tlsCAFile=no.pem", folder)
    assert caught.value.what == f"tlsCAFile: {folder}/no.pem does not exist"


def test_authorities(folder: Path) -> None:
    assert authorities("ca.pem", folder) == str(folder / "ca.pem")
    with pytest.raises(UnreadableAddress, match="contains no certificate"):
        authorities("pgpass", folder)


def test_the_generator_lacks_what_its_source_refuses() -> None:
    source = (Checkout.here().k6 / "extension" / "postgres_dsn.go").read_text(encoding="utf-8")
    block = source.partition("refusedParameters = []string{")[2].partition("}")[0]
    assert {name.strip(' \t\n"') for name in block.split(",") if name.strip()} == set(
        GENERATOR_LACKS
    )
