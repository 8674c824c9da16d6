"""docs/types.md: what becomes of each type, filled in by the tests here."""

import json
from dataclasses import dataclass, field
from typing import Any

from pymongo.collection import Collection
from tabulate import tabulate

from tests.integration.types.catalog import TYPES, Type

_HEADERS = (
    "type",
    "in a document",
    "compared",
    "arrives with other content",
    "unchanged TOASTed value",
    "as a key",
)
_ABOUT = """\
# PostgreSQL types

What becomes of a value of each type between PostgreSQL and MongoDB, with Debezium 3.7 and this
pipeline's connector settings. `nox -s types` writes this file: it inserts, updates, alters, and
deletes {values} values of {types} types on the real stack.

- **in a document**: the value of the first column's example, as MongoDB has it.
- **compared**: `yes`: an altered document is found, for every value. `no document has it`: Debezium
  does not send the type; a row with such a value is a finding (`column_absent`).
- **arrives with other content**: values that do not get through as they are. Each is a finding
  (`content`).
- **unchanged TOASTed value**: what an update that leaves a large value alone does to it. `lost`:
  under the default replica identity it arrives as null; `inv up` refuses the table and prints the
  statement to run (`REPLICA IDENTITY FULL`).
- **as a key**: whether a key column of that type is followed to MongoDB. Other types are refused.

Domains are treated as the type below them; columns of any other type are named as not compared.
Virtual generated columns, and stored ones before PostgreSQL 18, are not published by PostgreSQL and
are named. The length of a bit string and the lower bounds of an array do not get to MongoDB.

"""
_LONGEST = 48


@dataclass
class TypeTable:
    """What the tests found."""

    examples: dict[str, str] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    are_keys_tried: bool = False

    def inserted(self, documents: Collection[dict[str, Any]]) -> None:
        """Note what the documents hold of the first value of each type."""
        for each in TYPES:
            for name, value in each.named_values():
                document = documents.find_one({"_id": f"{each.column}/{name}"}) or {}
                found = document.get(each.column)
                if each.absent or found not in (None, [], "") or name == str(len(each.values)):
                    shown = json.dumps(found, ensure_ascii=False)
                    self.examples[each.column] = (
                        f"{_code(value)}: no field"
                        if each.absent
                        else f"{_code(value)}: {_code(shown)}"
                    )
                    break

    def toasted(self, lost: set[str]) -> None:
        """Note which columns lose an unchanged TOASTed value."""
        self.lost = lost

    def keys(self) -> None:
        """Note that the keys were tried."""
        self.are_keys_tried = True

    @property
    def is_complete(self) -> bool:
        """Whether every test has left its part."""
        return len(self.examples) == len(TYPES) and bool(self.lost) and self.are_keys_tried

    def markdown(self) -> str:
        """Return the file."""
        values = sum(len(each.values) + 1 + bool(each.large) for each in TYPES)
        about = _ABOUT.format(values=values, types=len(TYPES))
        rows = [self._row(each) for each in TYPES]
        return about + tabulate(rows, headers=_HEADERS, tablefmt="github") + "\n"

    def _row(self, each: Type) -> tuple[str, ...]:
        damaged = [_code(value) for value in each.damaged if value != "large"]
        return (
            _code(each.sql),
            self.examples.get(each.column, ""),
            "no document has it" if each.absent else "yes",
            ", ".join(damaged) or "-",
            self._toasted(each),
            {"followed": "yes", "refused": "refused", "": "-"}[each.key],
        )

    def _toasted(self, each: Type) -> str:
        if not each.large or each.absent or "large" in each.damaged:
            return "-"
        return "lost" if each.column in self.lost else "kept"


def _code(text: str) -> str:
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
    shown = shown.replace("|", "\\|").replace("\n", "⏎").replace("\t", "⇥").replace("`", "'")
    return f"`{shown}`" if shown.strip() else "empty"
