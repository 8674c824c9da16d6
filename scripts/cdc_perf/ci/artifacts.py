"""The names of the artefacts: as expressions, for the workflow that makes them.

Run and attempt are in each: no two are ever the same, and a person who wants those of a run knows
their names beforehand.
"""

from cdc_perf.ci.model import expression
from cdc_perf.publish.names import results_name, scenario_results_name

_RUN_ID = expression("github.run_id")
_ATTEMPT = expression("github.run_attempt")
_SCENARIO = expression("matrix.scenario")

RESULTS_DAYS = 30
LOGS_DAYS = 7

SCENARIO_RESULTS = scenario_results_name(_SCENARIO, _RUN_ID, _ATTEMPT)
SCENARIO_LOGS = f"logs-{_SCENARIO}-{_RUN_ID}-{_ATTEMPT}"
# Of every attempt: where only what failed is run again, the others' are of an earlier one.
ALL_SCENARIO_RESULTS = f"k6-results-*-{_RUN_ID}-*"
RESULTS = results_name(_RUN_ID, _ATTEMPT)
