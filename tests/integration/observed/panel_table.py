"""docs/panels.md: what each panel showed of a real run, and what the run's own files say."""

from dataclasses import dataclass, field

_HEAD = """\
# What the panels show

This table lists every expression of every panel. A real Prometheus evaluated it for a real run of
`baseline` on the embedded stack with injected faults: of 200 inserts, one was refused and one never
arrived; MongoDB was frozen, then killed; one record was a dead letter; a burst of rows followed the
run.

`shown` is the largest value over time; for percentiles, the value of a window that contains the
faults; for tiles and tables, the last value. `nox -s observe` writes this table. It fails if a
panel shows nothing, or if a value differs from the run's own files. A percentile of a histogram is
accurate to its bucket: 9% for k6, 5% for the consumer.
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
