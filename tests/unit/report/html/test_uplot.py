"""The one library that is kept in the repository is the one that npm has."""

from hashlib import sha256
from pathlib import Path

import cdc_perf.report.html

FOLDER = Path(cdc_perf.report.html.__file__).parent / "uplot"
# Of the npm package uplot 1.6.32: what lies in dist/, and LICENSE.
CHECKSUMS = {
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}


def test_its_files_are_those_of_the_package() -> None:
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in FOLDER.iterdir()}
    assert found == CHECKSUMS


def test_it_says_its_version_and_its_licence() -> None:
    assert "uPlot (v1.6.32)" in (FOLDER / "uPlot.iife.min.js").read_text(encoding="utf-8")[:80]
    assert "The MIT License" in (FOLDER / "LICENSE").read_text(encoding="utf-8")
