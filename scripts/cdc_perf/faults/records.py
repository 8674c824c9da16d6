"""The shape of injections.json: the faults that a scenario injected."""

from datetime import datetime
from typing import Annotated

import msgspec

from cdc_perf.settings.faults import NAME

SCHEMA_VERSION = 1
FaultName = Annotated[str, msgspec.Meta(pattern=NAME, max_length=60)]


class Injection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault that was injected, or that was to be.

    Attributes:
        fault: Its name, such as `kill:connect`.
        number: Which injection of this fault it is in the scenario, from 1.
        description: What the fault does.
        components: The components that it orders to end; their ends are no findings.
        began: When the harness began to inject it; null if it did not.
        proved: When its effect was seen; null if it was not: then the run is INVALID.
        proof: How its effect was seen, in a sentence.
        ended: When the harness had ended it; null if it did not.
        detected: When an operator could first see it; null if nothing showed it.
        signal: What showed it, in a sentence.
        failure: Why it did not happen, or could not be ended; empty if it was.
    """

    fault: FaultName
    number: int
    description: str
    components: tuple[str, ...] = ()
    began: datetime | None = None
    proved: datetime | None = None
    proof: str = ""
    ended: datetime | None = None
    detected: datetime | None = None
    signal: str = ""
    failure: str = ""

    @property
    def happened(self) -> bool:
        """Whether it was seen to happen, and was ended."""
        return self.proved is not None and not self.failure


class InjectionFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The faults of a scenario: `<run>/<scenario>/injections.json`.

    Attributes:
        schema_version: The version of this shape.
        injections: In the order of time.
    """

    schema_version: int = SCHEMA_VERSION
    injections: tuple[Injection, ...]
