"""Run the engine on one file: python -m bench.read_points FILE FOLDER."""

import sys
from pathlib import Path

from cdc_perf.results.points.series import write_series
from cdc_perf.results.points.statistics import statistics
from cdc_perf.results.points.store import read_points

with read_points([Path(sys.argv[1])]) as points:
    for found in (*statistics(points), *statistics(points, ["phase"])):
        print(found.k6_name, found.count, dict(found.percentiles))
    write_series(points, Path(sys.argv[2]) / "series.parquet")
