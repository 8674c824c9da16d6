"""What `inv doctor` says."""

from collections.abc import Sequence

from tabulate import tabulate

from cdc_perf.files import json_text
from cdc_perf.stack.local.diagnosis import CheckResult, Health


def diagnosis_table(findings: Sequence[CheckResult]) -> str:
    """Return a line for each thing, and a sentence on the whole."""
    rows = [(x.what, x.health, x.found, x.remedy) for x in findings]
    table = tabulate(rows, headers=["what", "state", "found", "remedy"], disable_numparse=True)
    return f"{table}\n\n{_sentence(findings)}"


def diagnosis_json(findings: Sequence[CheckResult]) -> str:
    """Return the same as JSON."""
    return json_text(list(findings))


def _sentence(findings: Sequence[CheckResult]) -> str:
    wrong = [x.what for x in findings if x.health is Health.WRONG]
    missing = [x.what for x in findings if x.health is Health.MISSING]
    if wrong:
        return f"To be mended first: {', '.join(wrong)}."
    if missing:
        return f"Ready; the first `inv up` gets what is missing: {', '.join(missing)}."
    return "Ready."
