"""That nothing was lost, said of the scenarios of which it is true."""

from scripts.verdict.records import ScenarioVerdict

_COMPARED = ("rows", "events")
_GATES = ("drained", *_COMPARED, "dead_letters", "ledger")


def compared_if_kept(verdict: ScenarioVerdict) -> str:
    """Return what was compared, where every gate on the integrity holds; else nothing.

    What is wrong stands among the reasons, with rows as examples.
    """
    gates = {gate.name: gate for gate in verdict.gates if gate.name in _GATES}
    if not gates.keys() >= set(_COMPARED) or not all(gate.ok for gate in gates.values()):
        return ""
    return "; ".join(gates[name].observed for name in _COMPARED)
