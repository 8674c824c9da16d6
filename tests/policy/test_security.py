"""The attack table names tests; a test that was renamed or removed shows nothing."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tests_that_the_attack_table_names_exist() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    cells = [row.split("|")[-2] for row in text.splitlines() if row.startswith("| ")]
    named = {
        name for cell in cells for name in re.findall(r"\b[a-z0-9]+(?:_[a-z0-9]+){3,}\b", cell)
    }
    tests = [path.read_text(encoding="utf-8") for path in ROOT.glob("tests/**/*.py")]
    assert len(named) > 5
    assert not [name for name in named if not any(f"def {name}(" in found for found in tests)]
