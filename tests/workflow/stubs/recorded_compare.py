"""Stands in for `inv compare` of two commits: writes an invented comparison.

RECORDED_COMPARE is what it finds: `worse`, `better`, `same` (without the variable), `inconclusive`,
`no-slice`, or `broken`.
"""

import argparse
import json
import os
import sys

from msgspec.structs import replace

from cdc_perf.results.comparison_folder import COMPARISONS
from cdc_perf.settings.paths import Checkout
from cdc_perf.verdict.comparison import judge_comparison
from tests.unit.recorded_comparisons import (
    FEW,
    comparison,
    of_commits,
    without_valid_slices,
    write_comparison,
)

_FOUND = {
    "worse": comparison(1.2),
    "better": comparison(0.8),
    "same": comparison(),
    "inconclusive": comparison(starts=FEW),
    "no-slice": without_valid_slices(comparison()),
}


def main() -> int:
    parser = argparse.ArgumentParser()
    for word in ("compare", "base", "head"):
        parser.add_argument(word)
    parser.add_argument("--minutes", required=True, type=float)
    asked = parser.parse_args()
    print("inv compare, made up:", json.dumps(vars(asked)))
    outcome = os.environ.get("RECORDED_COMPARE") or "same"
    if outcome == "broken":
        print("base cannot take the load of head", file=sys.stderr)
        return 2
    found = replace(of_commits(_FOUND[outcome], asked.base, asked.head), minutes=asked.minutes)
    write_comparison(Checkout.here().results / COMPARISONS, found)
    return int(judge_comparison(found).exit_code)


if __name__ == "__main__":
    sys.exit(main())
