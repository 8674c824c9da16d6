"""The notes of a release; tests/integration/test_release_assets.py builds the other assets."""

from pathlib import Path

import pytest

from cdc_perf.errors import UsageFailure
from cdc_perf.release.assets import release_notes

CHANGELOG = """# Changelog

## 1.2.0 (2026-11-30)

Load tests:

- Faster.

## 1.1.0 (2026-10-01)

- Older.
"""


def test_the_notes_are_the_section_of_the_version(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    assert release_notes(tmp_path, "v1.2.0") == "Load tests:\n\n- Faster.\n"
    assert release_notes(tmp_path, "v1.1.0") == "- Older.\n"


@pytest.mark.parametrize("tag", ["v1.3.0", "v1.2", "v1x2.0"])
def test_a_version_without_a_section_is_refused(tmp_path: Path, tag: str) -> None:
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    with pytest.raises(UsageFailure, match="has no section"):
        release_notes(tmp_path, tag)
