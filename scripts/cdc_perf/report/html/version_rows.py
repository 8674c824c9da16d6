"""The rows of a comparison's tables: figures, hops, and starts, with bars of one scale each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cdc_perf.report.html.ratio_bar import RatioBar, bar_scale, ratio_bar
from cdc_perf.report.html.spans import MOST_ROWS
from cdc_perf.report.rows import NOTHING
from cdc_perf.report.version_comparison import cells, change_text, title
from cdc_perf.results.comparison import Comparison, Start
from cdc_perf.settings.durations import format_duration
from cdc_perf.settings.hops import Hop, sequence_of
from cdc_perf.stats.comparison import start_ratios
from cdc_perf.verdict.comparison import ComparisonAnswer, FigureAnswer
from cdc_perf.verdict.comparison_figures import (
    E2E_P50,
    E2E_P95,
    HOPS,
    counted_pairs,
    figures_of,
    valid_starts,
)

# The figures that each start shows.
OF_STARTS = (E2E_P50, E2E_P95)


@dataclass(frozen=True)
class FigureRow:
    """A figure of the answer.

    Attributes:
        figure: The answer on it.
        name: Its name.
        cells: The other cells (report/version_comparison.py).
        bar: Its bar; None without a ratio.
    """

    figure: FigureAnswer
    name: str
    cells: tuple[str, ...]
    bar: RatioBar | None

    @property
    def difference(self) -> str:
        """Head minus base in ms."""
        base, head = self.figure.base, self.figure.head
        return NOTHING if base is None or head is None else f"{head - base:+,.2f}"


@dataclass(frozen=True)
class StartRow:
    """A start, or all starts together.

    Attributes:
        name: Its number.
        pairs: The number of pairs of slices that count.
        warm_up: The length of its warm-up.
        bars: For each figure of `OF_STARTS`: the change in words, and as a bar if there is one.
        note: What is special about it; may be empty.
        whole: Whether it is all starts together.
    """

    name: str
    pairs: int
    warm_up: str
    bars: tuple[tuple[str, RatioBar | None], ...]
    note: str
    whole: bool = False


@dataclass(frozen=True)
class Rows:
    """The rows of all tables.

    Attributes:
        figures: The percentiles and the failed changes.
        hops: The hops in order, the whole way last.
        starts: The first 60 starts, and all together at the end.
        figure_scale: The change at which the bars of the figures end, in words.
        hop_scale: The same for the hops.
        start_scale: The same for the starts.
    """

    figures: tuple[FigureRow, ...]
    hops: tuple[FigureRow, ...]
    starts: tuple[StartRow, ...]
    figure_scale: str
    hop_scale: str
    start_scale: str


def rows_of(comparison: Comparison, answer: ComparisonAnswer) -> Rows:
    """Return the rows of all tables of a comparison."""
    effect = comparison.effect
    by_code = {each.figure: each for each in answer.figures}
    hops = {hop.title: by_code[hop.metric] for hop in _hops(by_code)}
    figures = [each for each in answer.figures if each.figure not in HOPS]
    whole = [by_code[code] for code in OF_STARTS]
    ratios = {code: _by_start(comparison, code) for code in OF_STARTS}
    figure_scale, hop_scale = _scale(figures, effect), _scale([*hops.values()], effect)
    start_scale = bar_scale(
        [*(ratio for each in ratios.values() for ratio in each.values()), *_ends(whole)], effect
    )
    return Rows(
        figures=tuple(_row(title(each.figure), each, effect, figure_scale) for each in figures),
        hops=tuple(_row(name, each, effect, hop_scale) for name, each in hops.items()),
        starts=(
            *(
                _start_row(start, [each.get(at) for each in ratios.values()], effect, start_scale)
                for at, start in enumerate(comparison.starts[:MOST_ROWS])
            ),
            _all_starts(comparison.starts, whole, effect, start_scale),
        ),
        figure_scale=f"{figure_scale:.0%}",
        hop_scale=f"{hop_scale:.0%}",
        start_scale=f"{start_scale:.0%}",
    )


def _hops(codes: Iterable[str]) -> Iterator[Hop]:
    """Yield the hops among figures, in order."""
    names = {HOPS[code].name for code in codes if code in HOPS}
    return (hop for hop in sequence_of(names).all if hop.name in names)


def _by_start(comparison: Comparison, code: str) -> Mapping[int, float]:
    """Return the ratio of a figure in each start that has it, by the start's place."""
    places = [at for at, start in enumerate(comparison.starts) if counted_pairs(start)]
    readings = zip(places, figures_of(valid_starts(comparison))[code], strict=True)
    found = {at: reading.pairs for at, reading in readings if reading.pairs}
    return dict(zip(found, start_ratios([*found.values()]), strict=True))


def _ends(figures: Sequence[FigureAnswer]) -> list[float | None]:
    return [end for each in figures for end in (each.ratio, each.low, each.high)]


def _scale(figures: Sequence[FigureAnswer], effect: float) -> float:
    return bar_scale(_ends(figures), effect)


def _row(name: str, figure: FigureAnswer, effect: float, scale: float) -> FigureRow:
    _, *rest = cells(figure)
    return FigureRow(figure, name, tuple(rest), _bar(figure, effect, scale))


def _bar(figure: FigureAnswer, effect: float, scale: float) -> RatioBar | None:
    if figure.ratio is None:
        return None
    return ratio_bar(figure.ratio, (figure.low, figure.high), effect, scale)


def _start_row(
    start: Start, ratios: Sequence[float | None], effect: float, scale: float
) -> StartRow:
    return StartRow(
        name=str(start.number),
        pairs=len(counted_pairs(start)),
        warm_up=format_duration(start.warm_up_seconds),
        bars=tuple(
            (NOTHING, None)
            if ratio is None
            else (change_text(ratio), ratio_bar(ratio, (None, None), effect, scale))
            for ratio in ratios
        ),
        note=start.fault or ("" if start.steady else "not steady after the warm-up"),
    )


def _all_starts(
    starts: Sequence[Start], whole: Sequence[FigureAnswer], effect: float, scale: float
) -> StartRow:
    more = len(starts) - MOST_ROWS
    return StartRow(
        name="all",
        pairs=sum(len(counted_pairs(start)) for start in starts),
        warm_up=NOTHING,
        bars=tuple(
            (NOTHING if each.ratio is None else change_text(each.ratio), _bar(each, effect, scale))
            for each in whole
        ),
        note=f"with {more:,} starts that are not shown" if more > 0 else "",
        whole=True,
    )
