"""docs/panels.md: what each panel showed of a real run, and what the run's own files say."""

from dataclasses import dataclass, field

_HEAD = """\
# What the panels show

Every expression of every panel, asked of a real Prometheus about a real run of `baseline` on the
embedded stack with faults planted: of two hundred inserts one refused and one that never arrives,
MongoDB frozen and then killed, a record that can never be applied, a burst of rows after the run.

`shown` is the largest value over time; of percentiles, that of a window which holds the faults; of
tiles and tables, the last value. `nox -s observe` makes this table again and fails where a panel
shows nothing, or something else than the run's own files say. A percentile of a histogram is known
to its bucket: 9 % for k6's, 5 % for the consumer's.
"""
_COLUMNS = ("panel", "query", "unit", "shown", "the run's own")


@dataclass
class PanelTable:
    """The rows, by dashboard."""

    rows: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    expressions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def add(
        self, board: str, panel: str, query: str, unit: str, shown: str, truth: str, asked: str
    ) -> None:
        self.rows.setdefault(board, []).append((panel, query, unit, shown, truth))
        self.expressions.setdefault(board, []).append((f"{panel}, {query}", asked))

    def markdown(self) -> str:
        lines = [_HEAD]
        for board, rows in self.rows.items():
            lines += [f"## {board}", ""]
            lines += [f"| {' | '.join(x)} |" for x in (_COLUMNS, ["---"] * len(_COLUMNS), *rows)]
            lines += ["", "The expressions, as they were asked:", "", "```"]
            lines += [f"# {name}\n{asked}" for name, asked in self.expressions[board]]
            lines += ["```", ""]
        return "\n".join(lines).rstrip() + "\n"
