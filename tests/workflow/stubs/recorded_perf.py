"""Stands in for `inv perf`: leaves a run folder that is made up, and exits as the real one would.

RECORDED_PERF is a JSON object: the outcome of each scenario, `pass` where none is given.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from cdc_perf.results.history import HISTORY_FILE
from cdc_perf.settings.paths import Checkout
from cdc_perf.settings.scenarios import HEALTH_CHECK
from tests.unit.recorded_runs import COMPLETE, FEW, SLOW, row, write_complete_run, write_run

_HANG_SECONDS = 30
_METRICS = {"pass": COMPLETE, "fail": SLOW, "no-data": FEW}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("perf")
    for flag in ("scenarios", "duration", "env", "stack"):
        parser.add_argument(f"--{flag}", required=True)
    parser.add_argument("--yes", action="store_true")
    asked = parser.parse_args()
    print("inv perf, made up:", json.dumps(vars(asked)))
    checkout = Checkout.here()
    logs = checkout.stack / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "kafka.log").write_text("made up\n", encoding="utf-8")
    outcome = json.loads(os.environ["RECORDED_PERF"]).get(asked.scenarios, "pass")
    if outcome == "hangs":
        # act leaves it running when it is cancelled itself: it ends by its own alarm.
        signal.alarm(_HANG_SECONDS)
        Path(os.environ["HANGING"]).touch()
        signal.pause()
    if outcome == "broken":
        print("kafka was not ready within 60 s", file=sys.stderr)
        return 3
    number = sum(map(ord, asked.scenarios))  # each scenario's job has a run id of its own
    results = checkout.results
    if asked.scenarios == HEALTH_CHECK:
        run = write_run(results, [row(HEALTH_CHECK)], number)
    else:
        # With the load and the thresholds of what is checked out.
        metrics = _METRICS[outcome]
        run = write_complete_run(results, checkout, asked.scenarios, number, metrics)
    (results / HISTORY_FILE).write_text("made up\n", encoding="utf-8")
    return int(json.loads((run / "verdict.json").read_bytes())["exit_code"])


if __name__ == "__main__":
    sys.exit(main())
