"""What people read of a self-test."""

from collections.abc import Sequence

from tabulate import tabulate

from cdc_perf.report.rows import printable
from cdc_perf.selftest.outcome import TrialOutcome
from cdc_perf.verdict.verdict import Verdict

_LONGEST_REASON = 200
_ABOUT = """\
# Verdicts on planted faults

Written by `inv selftest --write` (`nox -s selftest`): each fault is planted by itself, under the
load of eight seconds on an embedded stack of its own. It enters through a component or the wire;
no file that the verdict reads is touched. A gate that stays green makes the command exit with 12.
The verdict is that of `inv perf`; what it says of the gate or limit that had to turn red stands
beside it.

"""


def text(outcomes: Sequence[TrialOutcome]) -> str:
    """Return the table for a terminal, and in the last line whether all is as expected."""
    rows = [
        (
            x.fault,
            x.verdict,
            x.expected,
            "" if x.wrong else x.red,
            _short(printable(x.wrong or x.reason)),
        )
        for x in outcomes
    ]
    table = tabulate(
        rows, ("fault", "verdict", "expected", "red", "because"), disable_numparse=True
    )
    return f"{table}\n\n{last_line(outcomes)}"


def last_line(outcomes: Sequence[TrialOutcome]) -> str:
    """Return in a sentence whether all is as expected."""
    wrong = [x for x in outcomes if x.wrong]
    lead = f"{len(outcomes) - len(wrong)} of {len(outcomes)} runs got the verdict that is due"
    if not wrong:
        return lead
    return f"{lead}; not so: " + "; ".join(f"{x.fault}: {x.wrong}" for x in wrong)


def markdown(outcomes: Sequence[TrialOutcome]) -> str:
    """Return docs/verdicts.md."""
    rows = [
        (f"`{x.fault}`", x.planted, _verdict(x), f"`{x.red}`" if x.red else "", _cell(x.reason))
        for x in outcomes
    ]
    blocks = [_ABOUT + _table(rows, ("fault", "planted", "verdict", "red", "says"))]
    for outcome in outcomes:
        if outcome.held:
            held = [(f"`{x.name}`", _cell(x.limit), _cell(x.observed)) for x in outcome.held]
            table = _table(held, ("gate or limit", "limit", "observed"))
            blocks.append(f"## What the run `{outcome.fault}` says\n\n{table}")
    return "\n\n".join(blocks) + "\n"


def _table(rows: Sequence[Sequence[str]], headers: Sequence[str]) -> str:
    return tabulate(rows, headers, tablefmt="pipe", disable_numparse=True)


def _verdict(outcome: TrialOutcome) -> str:
    passed = outcome.verdict is Verdict.PASS
    return outcome.verdict if passed else f"{outcome.verdict} ({outcome.exit_code:d})"


def _cell(text: str) -> str:
    return _short(printable(text)).replace("|", "\\|").replace("<", "\\<")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}..."
