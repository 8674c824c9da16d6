"""The common parts of the panels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboard_builders
from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATASOURCE = dashboard.DataSourceRef(type_val="prometheus", uid="prometheus")
Panel = timeseries.Panel | stat.Panel | table.Panel
# The width of a tile in columns; wider panels contain lines or a table.
_TILE = 6
P = TypeVar("P", timeseries.Panel, stat.Panel, table.Panel)


@dataclass(frozen=True)
class Query:
    """An expression and the legend of its series, `{{scenario}} p95`."""

    expression: str
    legend: str


@dataclass(frozen=True)
class PanelSpec:
    """The properties that every panel has.

    Attributes:
        number: Its ID, unique within a dashboard.
        title: Its title.
        description: How to read it; shown on request.
        unit: Grafana's name for the unit: `s`, `percentunit`, `reqps`.
        width: Its width in Grafana's 24 columns.
    """

    number: int
    title: str
    description: str
    unit: str
    width: int


def time_series_panel(spec: PanelSpec, queries: Sequence[Query], *, stacked: bool = False) -> Panel:
    """Return lines over time, with the last value and the maximum of each."""
    legend = (
        common_builders.VizLegendOptions()
        .show_legend(True)  # noqa: FBT003 - the library's API
        .display_mode(common.LegendDisplayMode.TABLE)
        .placement(common.LegendPlacement.BOTTOM)
        .calcs(["lastNotNull", "max"])
    )
    tooltip = common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI)
    panel = _with_spec(timeseries.Panel(), spec).legend(legend).tooltip(tooltip)
    panel = panel.min(0).show_points(common.VisibilityMode.NEVER).fill_opacity(10)
    if stacked:
        panel = panel.stacking(
            common_builders.StackingConfig().mode(common.StackingMode.NORMAL).group("A")
        )
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(number, query).range())
    return panel


def stat_panel(
    spec: PanelSpec, queries: Sequence[Query], steps: Sequence[dashboard.Threshold] = ()
) -> Panel:
    """Return one tile with a value for each series.

    Args:
        spec: The panel's properties.
        queries: Evaluated at the end of the time range.
        steps: The lowest value of each color.
    """
    reduce = common_builders.ReduceDataOptions().calcs(["lastNotNull"])
    panel = _with_spec(stat.Panel(), spec).reduce_options(reduce)
    panel = panel.text_mode(common.BigValueTextMode.VALUE_AND_NAME)
    panel = panel.graph_mode(common.BigValueGraphMode.NONE)
    if steps:
        panel = panel.thresholds(_thresholds(steps))
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(number, query).instant())
    return panel


def rows(
    spec: PanelSpec,
    queries: Sequence[Query],
    *,
    names: dict[str, str],
    hidden: Sequence[str] = (),
    words: dict[str, tuple[str, str]] | None = None,
    times: Sequence[str] = (),
) -> Panel:
    """Return a table with a row for each set of labels and a column for each query.

    Args:
        spec: The panel's properties.
        queries: Evaluated at the end of the time range.
        names: The names of columns, by label or by `Value #A`.
        hidden: Labels to hide.
        words: A word and its color to show instead of a value.
        times: The names of columns with milliseconds since the epoch.
    """
    panel = _with_spec(table.Panel(), spec)
    for number, query in enumerate(queries):
        panel = panel.with_target(_target(number, query).format(PromQueryFormat.TABLE).instant())
    excluded = dict.fromkeys(("Time", *hidden), True)
    organize = {"excludeByName": excluded, "indexByName": {}, "renameByName": names}
    panel = panel.with_transformation(
        dashboard.DataTransformerConfig(id_val="merge", options={})
    ).with_transformation(dashboard.DataTransformerConfig(id_val="organize", options=organize))
    if words:
        panel = panel.mappings(
            [
                dashboard.ValueMap(
                    {
                        value: dashboard.ValueMappingResult(text=text, color=color)
                        for value, (text, color) in words.items()
                    }
                )
            ]
        )
    for column in times:
        panel = panel.override_by_name(
            column, [dashboard.DynamicConfigValue(id_val="unit", value="dateTimeAsIso")]
        )
    return panel


def _with_spec(panel: P, spec: PanelSpec) -> P:
    height = 5 if spec.width <= _TILE else 8
    return (
        panel.id(spec.number)
        .title(spec.title)
        .description(spec.description)
        .unit(spec.unit)
        .datasource(DATASOURCE)
        .span(spec.width)
        .height(height)
    )


def _target(number: int, query: Query) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .expr(query.expression)
        .legend_format(query.legend)
        .ref_id(chr(ord("A") + number))
        .datasource(DATASOURCE)
    )


def _thresholds(steps: Sequence[dashboard.Threshold]) -> dashboard_builders.ThresholdsConfig:
    return (
        dashboard_builders.ThresholdsConfig()
        .mode(dashboard.ThresholdsMode.ABSOLUTE)
        .steps(list(steps))
    )
