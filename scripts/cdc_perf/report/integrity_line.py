"""The lines that report that nothing was lost."""

from collections.abc import Callable, Iterable

from cdc_perf.verdict.records import ScenarioVerdict

_COMPARED = ("rows", "events")
_GATES = ("drained", *_COMPARED, "dead_letters", "ledger", "earlier_parts")


def no_loss_lines(
    verdicts: Iterable[ScenarioVerdict], shown: Callable[[str], str] = str
) -> list[str]:
    """Return a line for each scenario without a loss; `shown` formats text for the output."""
    return [
        f"{verdict.scenario}: no data lost: {shown(compared)}"
        for verdict in verdicts
        if (compared := compared_without_loss(verdict))
    ]


def compared_without_loss(verdict: ScenarioVerdict) -> str:
    """Return what was compared if every gate on integrity passes; else empty.

    The reasons list what is wrong, with rows as examples.
    """
    gates = {gate.name: gate for gate in verdict.gates if gate.name in _GATES}
    if not gates.keys() >= set(_COMPARED) or not all(gate.ok for gate in gates.values()):
        return ""
    return "; ".join(gates[name].observed for name in _COMPARED)
