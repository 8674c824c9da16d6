"""A separate program that finds change points with apache-otava, with JSON input and output.

Input: `[series by name, window, largest p-value, least magnitude]`. Output: `{name: [[index, mean
before, mean after, p-value]]}`. The algorithm is Hunter: Fleming et al., ICPE 2023,
doi:10.1145/3578244.3583719.
"""

import json
import sys
from pathlib import Path

from otava.analysis import compute_change_points


def main(question: Path) -> None:
    """Print the change points of the series in the file."""
    series, window, p_value, magnitude = json.loads(question.read_bytes())
    found = {}
    for name, values in series.items():
        points, _ = compute_change_points(values, window, p_value, magnitude)
        found[name] = [
            [int(x.index), float(x.stats.mean_1), float(x.stats.mean_2), float(x.stats.pvalue)]
            for x in points
        ]
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
